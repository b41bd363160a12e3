-- Everything that a file of unknown origin defines; result: kind, name, definition, and the table that it is about.
select type, name, sql, tbl_name from main.sqlite_schema
