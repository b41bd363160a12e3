-- A transaction that journals and queue triggers leave out. No slots.
begin isolation level read committed;
select pg_catalog.set_config('denk.own', '1', true)
