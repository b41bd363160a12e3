-- One table or view; parameter: its name in any case; result: name, type, has a rowid, no index serves its primary key.
select name, type, wr = 0 and type = 'table', not exists (select 1 from pragma_index_list(l.name, 'main') where origin = 'pk')
from pragma_table_list as l
where schema = 'main' and name = ?1 collate nocase
