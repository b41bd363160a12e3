-- {table}, {parts}: columns and primary key; every column is of the key.
create table if not exists {table} ({parts}) without rowid
