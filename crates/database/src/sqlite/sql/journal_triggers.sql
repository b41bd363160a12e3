-- Our triggers on a table; parameters: table, what their names begin with; result: name.
select name
from sqlite_schema
where type = 'trigger' and tbl_name = ?1 collate nocase and substr(name, 1, length(?2)) = ?2
