-- {table}, {columns}, {values}, {differences}, {stage}.
insert into {table} ({columns})
overriding system value
select {values}
from pg_temp.{differences} d
join pg_temp.{stage} s on s.ctid = d.place
where not d.known
order by d.place
