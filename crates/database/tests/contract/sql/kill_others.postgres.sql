select pg_terminate_backend(pid, 5000) from pg_stat_activity
where pid <> pg_backend_pid() and datname = current_database() and backend_type = 'client backend'
