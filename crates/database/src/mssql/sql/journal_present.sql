-- {schema}. One row: 1 when denk_journal is there.
select cast(count(*) as bigint) from sys.tables as t inner join sys.schemas as s on s.schema_id = t.schema_id
where t.name = 'denk_journal' and s.name = N{schema}
