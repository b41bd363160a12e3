-- {table}, {columns} with their types, {key}: the primary key's clause or nothing.
create table {table} ({columns}{key})
