-- {table}, {column}, {type}
alter table {table} add column {column} {type}
