-- {table}, {columns}, {values}, {where}. Adds staged rows. One row: how many.
declare @added bigint;
insert into {table} ({columns})
select {values} from #denk_stage as s {where};
set @added = @@rowcount;
select @added;
