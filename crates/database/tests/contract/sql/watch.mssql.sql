create table writes (operation nvarchar(1))
go
create trigger watch_i on watched after insert as insert into writes select 'I' from inserted
go
create trigger watch_u on watched after update as insert into writes select 'U' from inserted
go
create trigger watch_d on watched after delete as insert into writes select 'D' from deleted
