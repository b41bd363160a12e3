-- The tables of a file but for SQLite's own (parameters: none; result: their names).
select name from sqlite_schema where type = 'table' and substr(name, 1, 7) <> 'sqlite_' order by name
