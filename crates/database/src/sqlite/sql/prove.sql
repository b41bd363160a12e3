-- Reads the header and the whole schema; result: number of objects.
select count(*) from sqlite_schema
