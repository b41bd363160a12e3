-- {journal}, {schema_name}, {table_name} as literals. A row when the table was emptied at once, which leaves no keys.
select from {journal} where operation = 'T' and schema_name = {schema_name} and table_name = {table_name} limit 1
