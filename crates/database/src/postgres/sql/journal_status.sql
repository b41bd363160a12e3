-- $1: schema of the journal, $2: name of the table's function, $3: the table, quoted. What is there as it was made,
-- each with what else must be right: `journal`; `function` with its text; `rows` and `truncate`: the triggers, with
-- their arguments in hexadecimal. What is there but not as it was made: `wrong`.
select 'journal', ''
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = 'denk_journal' and c.relkind = 'r'
union all
select 'function', p.prosrc
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1 and p.proname = $2 and p.prosecdef
union all
select case
           when t.tgenabled not in ('O', 'A') or t.tgqual is null or pg_catalog.array_length(t.tgattr::int2[], 1) > 0
               or p.proname <> $2 or n.nspname <> $1 then 'wrong'
           when t.tgname = 'denk_journal_rows' and t.tgtype = 29 then 'rows'
           when t.tgname = 'denk_journal_truncate' and t.tgtype = 32 then 'truncate'
           else 'wrong'
       end,
       pg_catalog.encode(t.tgargs, 'hex')
from pg_catalog.pg_trigger t
join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where t.tgrelid = pg_catalog.to_regclass($3) and t.tgname in ('denk_journal_rows', 'denk_journal_truncate')
