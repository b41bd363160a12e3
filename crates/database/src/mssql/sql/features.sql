-- One row: version, schema of unqualified names, 1 when Babelfish answers, 1 when the database allows snapshots.
select cast(serverproperty('ProductVersion') as nvarchar(128)),
       cast(schema_name() as nvarchar(128)),
       case when cast(serverproperty('babelfish') as nvarchar(10)) = N'1' then 1 else 0 end,
       (select max(case when d.snapshot_isolation_state = 1 then 1 else 0 end) from sys.databases as d where d.name = db_name())
