-- The four settings that came with synchronisation; it is off in every file (parameters: none).
insert into settings (key, value) values
    ('sync_enabled', '0'),
    ('sync_url', ''),
    ('sync_token', ''),
    ('admin_entry_region', 'Ankara');
