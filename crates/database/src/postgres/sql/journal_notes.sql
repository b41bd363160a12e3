-- {journal}, {values} of the key, {schema_name}, {table_name} as literals, {limit}: of all notes, the oldest.
-- Rows in binary: id, operation, values.
copy (
select n.id, n.operation::text, {values}
from (select * from {journal} where operation <> 'T' order by id limit {limit}) as n
where n.schema_name = {schema_name} and n.table_name = {table_name}
order by n.id
) to stdout (format binary)
