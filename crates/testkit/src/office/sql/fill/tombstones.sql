-- Tombstones of timesheets that were the newest when they were deleted; nobody ever fills deleted_by (parameters: none).
insert into deleted_records (id, table_name, record_id, deleted_at)
select id, table_name, record_id, deleted_at from staged.tombstones order by id;
update sqlite_sequence
set seq = max(seq, coalesce((select max(record_id) from staged.tombstones), 0)) where name = 'timesheets';
