-- {table}, {matching} rows. Deletes the staged keys. One row: how many were there.
declare @removed bigint;
delete t
from {table} as t
inner join #denk_stage as s on {matching};
set @removed = @@rowcount;
select @removed;
