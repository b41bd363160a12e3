-- Foreign keys column by column; parameter: table; result: id, parent, column, referenced column (NULL: the parent's key).
select id, "table", "from", "to"
from pragma_foreign_key_list(?1, 'main')
order by id, seq
