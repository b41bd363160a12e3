-- One page of rows. {columns}, {relation}, {filter}, {order}; {limit}: most rows, -1 for all.
select {columns}
from {relation} as s
where {filter}
order by {order}
limit {limit}
