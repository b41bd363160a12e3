create role {stranger}
go
grant select, insert, update, delete on {table} to {stranger}
go
set role {stranger}
