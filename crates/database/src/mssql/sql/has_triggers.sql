-- @P1 schema, @P2 table. A row a trigger.
select 1
from sys.triggers as g
inner join sys.objects as o on o.object_id = g.parent_id
inner join sys.schemas as s on s.schema_id = o.schema_id
where cast(s.name as nvarchar(128)) = cast(@P1 as nvarchar(128)) and cast(o.name as nvarchar(128)) = cast(@P2 as nvarchar(128))
