-- {columns} of the key, {relation}, {conditions}, {nulls}: columns of the key that are NULL. Rows in binary.
copy (
select {columns}
from {relation}
where {conditions} and ({nulls})
) to stdout (format binary)
