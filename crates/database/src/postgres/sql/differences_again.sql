-- The same within a transaction that has used it; a savepoint may have taken it away.
create temp table if not exists stage_differences (place tid, known bool) on commit delete rows;
truncate pg_temp.stage_differences
