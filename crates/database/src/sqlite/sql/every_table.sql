-- Tables that hold rows, SQLite's own left out, in order of name; result: name, the statement that made it.
select name, sql from sqlite_schema
where type = 'table' and substr(name, 1, 7) <> 'sqlite_' and rootpage > 0
order by name collate binary
