-- Everything that a file of unknown origin defines; result: kind, name, definition.
select type, name, sql from main.sqlite_schema
