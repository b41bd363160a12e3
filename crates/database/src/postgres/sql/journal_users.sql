-- $1: schema of the journal. One row for each function that notes something in it.
select p.proname::text
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1 and p.proname ~ '^denk_journal_[0-9a-f]{16}$'
