-- {table}, {parts}: columns and primary key.
create table {table} ({parts})
