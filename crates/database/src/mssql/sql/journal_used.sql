-- One row: how many tables are noted.
select cast(count(*) as bigint) from sys.triggers where name like 'denk[_]note[_]%'
