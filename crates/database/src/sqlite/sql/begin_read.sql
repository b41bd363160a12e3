-- One consistent view from here on: the first read takes the shared lock.
begin deferred;
select 1 from sqlite_schema limit 1
