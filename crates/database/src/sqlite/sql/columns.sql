-- Columns of a table that can be named in SQL, in its order; parameters: table, schema; result: name, declared type,
-- not null, default, place in the primary key (0: none), hidden (2 and 3: computed).
select name, type, "notnull", dflt_value, pk, hidden
from pragma_table_xinfo(?1, ?2)
where hidden <> 1
order by cid
