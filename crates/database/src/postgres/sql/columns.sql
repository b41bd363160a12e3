-- $1: oid of a table. One row a column in the table's order; domains are resolved to what they are made of: name,
-- type as written, name and modifier of the base type, is an enum, never NULL, default or expression, identity,
-- generated, base type to cast to, schema and name of a collation that is not the database's, collation takes
-- different texts for equal, order of the collation is that of bytes.
with recursive base (attnum, oid, typmod, required) as (
    select a.attnum, a.atttypid, a.atttypmod, a.attnotnull
    from pg_catalog.pg_attribute a
    where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
    union all
    select b.attnum, t.typbasetype, t.typtypmod, b.required or t.typnotnull
    from base b
    join pg_catalog.pg_type t on t.oid = b.oid
    where t.typtype = 'd'
)
select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), t.typname::text, b.typmod, t.typtype = 'e',
       b.required, pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
       pg_catalog.format_type(t.oid, -1),
       case when c.collname <> 'default' then n.nspname::text end,
       case when c.collname <> 'default' then c.collname::text end,
       coalesce(not c.collisdeterministic, false),
       coalesce(c.collname in ('C', 'POSIX') or c.collname = 'default' and (
           select coalesce(to_jsonb(here) ->> 'datlocprovider', 'c') = 'c' and here.datcollate in ('C', 'POSIX')
               or to_jsonb(here) ->> 'datlocprovider' = 'b'
           from pg_catalog.pg_database here
           where here.datname = pg_catalog.current_database()
       ), false)
from base b
join pg_catalog.pg_type t on t.oid = b.oid and t.typtype <> 'd'
join pg_catalog.pg_attribute a on a.attrelid = $1 and a.attnum = b.attnum
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_collation c on c.oid = a.attcollation
left join pg_catalog.pg_namespace n on n.oid = c.collnamespace
order by b.attnum
