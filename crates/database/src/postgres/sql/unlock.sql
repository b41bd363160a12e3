-- Frees every advisory lock of this connection. No slots.
select pg_catalog.pg_advisory_unlock_all()
