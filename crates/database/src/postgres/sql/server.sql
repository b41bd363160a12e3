-- The server's version.
select pg_catalog.current_setting('server_version')
