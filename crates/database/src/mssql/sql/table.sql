-- @P1 schema, @P2 name. At most one row: object id, schema, name, type (U table, V view). The mark keeps
-- trailing blanks apart.
select cast(o.object_id as int), cast(s.name as nvarchar(128)), cast(coalesce(t.TABLE_NAME, o.name) as nvarchar(128)),
       cast(o.type as nvarchar(2))
from sys.objects as o
inner join sys.schemas as s on s.schema_id = o.schema_id
left join INFORMATION_SCHEMA.TABLES as t on t.TABLE_SCHEMA = s.name and t.TABLE_NAME = o.name
where o.type in ('U', 'V')
  and cast(s.name as nvarchar(128)) + N'|' = cast(@P1 as nvarchar(128)) + N'|'
  and cast(o.name as nvarchar(128)) + N'|' = cast(@P2 as nvarchar(128)) + N'|'
