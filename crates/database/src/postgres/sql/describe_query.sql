-- {query}: a query of the user's. Prepared, never run: its columns are asked for.
select * from (
{query}
) as asked
