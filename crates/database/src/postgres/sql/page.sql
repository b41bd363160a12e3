-- {columns}, {relation}, {conditions}, {order} and {limit} clause. Rows in binary.
copy (
select {columns}
from {relation}
where {conditions}
{order}
{limit}
) to stdout (format binary)
