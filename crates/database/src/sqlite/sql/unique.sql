-- Columns of unique constraints and indexes other than the primary key, without those that have a condition or an
-- expression; parameter: table; result: index, column.
select l.name, i.name
from pragma_index_list(?1, 'main') as l, pragma_index_info(l.name, 'main') as i
where l."unique" and not l.partial and l.origin <> 'pk'
  and not exists (select 1 from pragma_index_info(l.name, 'main') as e where e.name is null)
order by l.seq desc, i.seqno
