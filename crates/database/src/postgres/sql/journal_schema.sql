-- The schema that the journal is in, else the one where an unqualified table would be made.
select coalesce(
    (
        select n.nspname::text
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.oid = pg_catalog.to_regclass('denk_journal')
    ),
    pg_catalog.current_schema()::text
)
