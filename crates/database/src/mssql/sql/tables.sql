-- One row a table or view of users: schema, name (from INFORMATION_SCHEMA, which alone keeps its letters' case on Babelfish).
select cast(s.name as nvarchar(128)), cast(coalesce(t.TABLE_NAME, o.name) as nvarchar(128))
from sys.objects as o
inner join sys.schemas as s on s.schema_id = o.schema_id
left join INFORMATION_SCHEMA.TABLES as t on t.TABLE_SCHEMA = s.name and t.TABLE_NAME = o.name
where o.type in ('U', 'V') and o.is_ms_shipped = 0 and s.name not in ('sys', 'INFORMATION_SCHEMA')
