-- {query}: a query of the user's, which may end in a comment.
(
{query}
) as asked
