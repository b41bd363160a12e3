-- The oldest notes; parameter: most of them; result: id, table, operation, time, key.
select id, table_name, operation, at, k1, k2, k3, k4, k5, k6, k7, k8
from denk_journal
where table_name is not null
order by id
limit ?1
