-- {table}, {columns}, {values}, {where}. Adds staged rows with their own numbers. One row: how many.
declare @added bigint;
set identity_insert {table} on;
insert into {table} ({columns})
select {values} from #denk_stage as s {where};
set @added = @@rowcount;
set identity_insert {table} off;
select @added;
