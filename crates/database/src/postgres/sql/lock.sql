-- {name} of the lock, {wait} in milliseconds. The time that is waited for other locks stays as it was.
select pg_catalog.set_config('denk.patience', pg_catalog.current_setting('lock_timeout'), true),
       pg_catalog.set_config('lock_timeout', '{wait}ms', true);
select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended({name}, 0));
select pg_catalog.set_config('lock_timeout', pg_catalog.current_setting('denk.patience'), true)
