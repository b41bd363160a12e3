-- {journal}, {schema}, {name}. Removes the table's notes.
delete from {journal} where table_schema = N{schema} and table_name = N{name};
