-- Triggers of a table; parameter: table; result: name, definition.
select name, sql
from sqlite_schema
where type = 'trigger' and tbl_name = ?1 collate nocase
order by name
