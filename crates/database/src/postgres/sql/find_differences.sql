-- {stage}, {table}, {match}, {presence}: a column that is NULL where the table has no such row, {differs}.
insert into pg_temp.{differences}
select s.ctid, {presence} is not null
from pg_temp.{stage} s
left join {table} t on {match}
where {presence} is null or {differs}
