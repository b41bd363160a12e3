-- A name for a query, in this connection only. {query}
create temp view denk_query as
{query}
