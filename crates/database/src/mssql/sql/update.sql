-- {table}, {set}, {matching} rows. Changes the rows that differ. One row: how many.
declare @changed bigint;
update t set {set}
from {table} as t
inner join #denk_stage as s on {matching}
where s.state = 2;
set @changed = @@rowcount;
select @changed;
