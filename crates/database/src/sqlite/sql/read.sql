-- One page of rows. {columns}, {relation}, {filter}, {order}: empty without a key; {limit}: most rows, -1 for all.
select {columns}
from {relation} as s
where {filter}
{order}
limit {limit}
