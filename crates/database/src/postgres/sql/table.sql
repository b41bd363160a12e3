-- $1: quoted name, with or without schema. At most one row: oid, schema, name, kind, whether rows can be inserted,
-- changed and deleted, whether rows of other tables show in it.
select c.oid, n.nspname::text, c.relname::text, c.relkind::text,
       pg_catalog.pg_relation_is_updatable(c.oid, true) & 28 = 28,
       c.relkind = 'p' or exists (select from pg_catalog.pg_inherits i where i.inhparent = c.oid)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = pg_catalog.to_regclass($1) and c.relkind in ('r', 'p', 'v', 'm', 'f')
