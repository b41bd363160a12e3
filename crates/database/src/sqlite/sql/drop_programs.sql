-- Takes views, virtual tables and triggers out of a file without running any of them.
pragma writable_schema = on;
delete from sqlite_schema where type in ('view', 'trigger') or type = 'table' and rootpage = 0;
pragma writable_schema = reset;
