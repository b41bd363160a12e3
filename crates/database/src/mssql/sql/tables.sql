-- One row a table or view of users: schema, name.
select cast(s.name as nvarchar(128)), cast(o.name as nvarchar(128))
from sys.objects as o
inner join sys.schemas as s on s.schema_id = o.schema_id
where o.type in ('U', 'V') and o.is_ms_shipped = 0 and s.name not in ('sys', 'INFORMATION_SCHEMA', 'information_schema')
