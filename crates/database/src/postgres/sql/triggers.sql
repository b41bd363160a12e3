-- $1: oid of a table. Its triggers: name, the statement that made it and the function that it runs.
select t.tgname::text, pg_catalog.pg_get_triggerdef(t.oid) || E';\n' || pg_catalog.pg_get_functiondef(t.tgfoid)
from pg_catalog.pg_trigger t
where t.tgrelid = $1 and not t.tgisinternal
order by t.tgname
