reset role
go
drop owned by {stranger}
go
drop role {stranger}
