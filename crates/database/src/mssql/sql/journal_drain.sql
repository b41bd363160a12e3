-- {journal}, {limit} notes at most, {hint}. One row a note, the oldest first.
select top ({limit}) id, table_schema, table_name, operation, kinds, k1, k2, k3, k4, k5, k6, k7, k8,
       b1, b2, b3, b4, b5, b6, b7, b8
from {journal} {hint}
order by id
