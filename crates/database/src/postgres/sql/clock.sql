-- The server's time now, not that of the transaction's begin: microseconds since 2000-01-01 00:00 UTC.
select (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::int8 - 946684800000000
