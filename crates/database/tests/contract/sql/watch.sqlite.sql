create table writes (operation text)
go
create trigger watch_i after insert on watched begin insert into writes values ('I'); end
go
create trigger watch_u after update on watched begin insert into writes values ('U'); end
go
create trigger watch_d after delete on watched begin insert into writes values ('D'); end
