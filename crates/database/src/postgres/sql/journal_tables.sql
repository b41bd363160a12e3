-- {journal}, {limit}. The tables of the oldest notes: schema, name.
select distinct schema_name, table_name
from (select schema_name, table_name from {journal} where operation <> 'T' order by id limit {limit}) as oldest
