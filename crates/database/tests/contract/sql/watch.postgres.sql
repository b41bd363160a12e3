create table writes (operation text)
go
create function watch() returns trigger language plpgsql as $$
begin
  insert into writes values (left(tg_op, 1));
  return null;
end $$
go
create trigger watch after insert or update or delete on watched for each row execute function watch()
