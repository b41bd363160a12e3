-- $1: oid of a table. Its unique indexes on plain columns without a condition: is the primary key, columns in order.
select i.indisprimary,
       array(
           select a.attname::text
           from unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
           join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
           where k.place <= i.indnkeyatts
           order by k.place
       )
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = $1 and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
order by c.relname
