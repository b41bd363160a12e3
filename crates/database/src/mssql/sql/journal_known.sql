-- {tables}, {schema}, {name}. One row: 1 when the table is written down.
select cast(count(*) as bigint) from {tables} where table_schema = N{schema} and table_name = N{name}
