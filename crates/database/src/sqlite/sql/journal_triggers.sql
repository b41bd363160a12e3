-- Our triggers on a table, and those that a renamed one took along: they bear its name and not the one that it has now.
-- Parameters: table, what their names begin with; result: name.
select name
from sqlite_schema
where type = 'trigger' and substr(name, 1, length(?2)) = ?2
  and (tbl_name = ?1 collate nocase
       or substr(name, -length('_' || ?1)) = '_' || ?1 collate nocase
          and substr(name, -length('_' || tbl_name)) <> '_' || tbl_name collate nocase)
