-- The tombstones that the first generation knows since 23 January 2026 (parameters: none; result: the table, as it
-- is, or empty).

create table if not exists deleted_records (
    id INTEGER primary key autoincrement,
    table_name TEXT not null,
    record_id INTEGER not null,
    deleted_at TEXT not null,
    deleted_by TEXT
);
