-- {journal}, {numbers}: its sequence, {tables}: the tables that are noted, {home}: their schema, {schema} and {name} of a table.
-- Makes what is missing, and writes the table down.
if not exists (select 1 from sys.objects as o inner join sys.schemas as s on s.schema_id = o.schema_id
               where o.type = 'SO' and o.name = 'denk_journal_number' and s.name = N{home})
    create sequence {numbers} as bigint start with 1 increment by 1 no cycle;
if not exists (select 1 from sys.tables as t inner join sys.schemas as s on s.schema_id = t.schema_id
               where t.name = 'denk_journal' and s.name = N{home})
    create table {journal} (
        id bigint not null default (next value for {numbers}) primary key,
        table_schema nvarchar(128) not null,
        table_name nvarchar(128) not null,
        operation nchar(1) not null,
        kinds nvarchar(16) not null,
        k1 nvarchar(4000) null, k2 nvarchar(4000) null, k3 nvarchar(4000) null, k4 nvarchar(4000) null,
        k5 nvarchar(4000) null, k6 nvarchar(4000) null, k7 nvarchar(4000) null, k8 nvarchar(4000) null,
        b1 varbinary(8000) null, b2 varbinary(8000) null, b3 varbinary(8000) null, b4 varbinary(8000) null,
        b5 varbinary(8000) null, b6 varbinary(8000) null, b7 varbinary(8000) null, b8 varbinary(8000) null,
        at datetime2(7) not null default (sysutcdatetime()));
if not exists (select 1 from sys.tables as t inner join sys.schemas as s on s.schema_id = t.schema_id
               where t.name = 'denk_journal_tables' and s.name = N{home})
    create table {tables} (table_schema nvarchar(128) not null, table_name nvarchar(128) not null);
if not exists (select 1 from {tables} where table_schema = N{schema} and table_name = N{name})
    insert into {tables} (table_schema, table_name) values (N{schema}, N{name});
