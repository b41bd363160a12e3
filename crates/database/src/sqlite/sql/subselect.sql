-- A user's query as a relation; the line breaks end a comment in it. {query}
(
{query}
)
