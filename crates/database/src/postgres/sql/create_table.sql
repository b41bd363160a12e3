-- {table}, {parts}: columns and primary key. What another session made meanwhile, this one may not see yet.
create table if not exists {table} ({parts})
