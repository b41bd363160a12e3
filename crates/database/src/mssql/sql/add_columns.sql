-- {table}, {columns} with their types.
alter table {table} add {columns}
