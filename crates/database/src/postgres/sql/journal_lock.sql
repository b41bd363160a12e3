-- Two sessions do not set up the journal at the same time. No slots.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('denk_journal', 0))
