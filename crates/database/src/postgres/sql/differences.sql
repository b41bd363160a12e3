-- Rows of a staged table that differ from the table's: where they lie, and whether the table knows their key.
create temp table if not exists stage_differences (place tid, known bool) on commit delete rows
