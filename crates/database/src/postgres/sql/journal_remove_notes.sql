-- {journal}, {schema_name}, {table_name} as literals.
delete from {journal} where schema_name = {schema_name} and table_name = {table_name}
