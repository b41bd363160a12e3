-- {table}, {parts}: `add column ...`.
alter table {table} {parts}
