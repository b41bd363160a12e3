-- $1: oid of a table. The arguments of its trigger, each ended by a zero.
select t.tgargs from pg_catalog.pg_trigger t where t.tgrelid = $1 and t.tgname = 'denk_journal_rows'
