-- Takes views, virtual tables and triggers (but the journal's, which say that its notes count) out of a file without running
-- any of them.
pragma writable_schema = on;
delete from sqlite_schema
where type = 'view' or type = 'trigger' and substr(name, 1, 13) <> 'denk_journal_' or type = 'table' and rootpage = 0;
pragma writable_schema = reset;
