-- {table}, {parts}: columns and primary key.
create table if not exists {table} ({parts})
