-- $1: oid of a table. Its foreign keys: schema and name of the referenced table, columns, referenced columns.
select n.nspname::text, r.relname::text,
       array(
           select a.attname::text
           from unnest(k.conkey) with ordinality as c (attnum, place)
           join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum
           order by c.place
       ),
       array(
           select a.attname::text
           from unnest(k.confkey) with ordinality as c (attnum, place)
           join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.attnum
           order by c.place
       )
from pg_catalog.pg_constraint k
join pg_catalog.pg_class r on r.oid = k.confrelid
join pg_catalog.pg_namespace n on n.oid = r.relnamespace
where k.conrelid = $1 and k.contype = 'f' and k.conparentid = 0
order by k.conname
