-- {home}: schema. One row: 1 each when denk_journal, its sequence and the list of tables are there.
select cast(count(case when o.name = 'denk_journal' and o.type = 'U' then 1 end) as bigint),
       cast(count(case when o.name = 'denk_journal_number' and o.type = 'SO' then 1 end) as bigint),
       cast(count(case when o.name = 'denk_journal_tables' and o.type = 'U' then 1 end) as bigint)
from sys.objects as o inner join sys.schemas as s on s.schema_id = o.schema_id
where s.name = N{home}
