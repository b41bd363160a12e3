-- {table}, {column} with its type.
alter table {table} add {column}
