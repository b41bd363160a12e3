create table numbered (
  id integer primary key autoincrement,
  name text,
  doubled generated always as (id * 2) virtual,
  state text not null default 'new'
)
