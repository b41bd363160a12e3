-- $1: oid of a table. How many blocks it has.
select pg_catalog.pg_relation_size($1::oid::regclass) / pg_catalog.current_setting('block_size')::int8
