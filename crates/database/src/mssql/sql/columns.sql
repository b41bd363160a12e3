-- @P1 object id. One row a column, in the table's order: name, type (of an alias: what it stands for), length in bytes,
-- precision, scale, nullable, identity, computed, code page, default, collation.
select cast(coalesce(i.COLUMN_NAME, c.name) as nvarchar(128)),
       cast(case when c.system_type_id = 240 then type_name(c.user_type_id) else type_name(c.system_type_id) end as nvarchar(128)),
       cast(c.max_length as int), cast(c.precision as int), cast(c.scale as int), cast(c.is_nullable as int),
       cast(c.is_identity as int), cast(c.is_computed as int),
       cast(collationproperty(c.collation_name, 'CodePage') as int),
       cast(d.definition as nvarchar(4000)), cast(c.collation_name as nvarchar(128))
from sys.columns as c
inner join sys.objects as o on o.object_id = c.object_id
left join INFORMATION_SCHEMA.COLUMNS as i
    on i.TABLE_SCHEMA = schema_name(o.schema_id) and i.TABLE_NAME = o.name and i.COLUMN_NAME = c.name
left join sys.default_constraints as d on d.parent_object_id = c.object_id and d.parent_column_id = c.column_id
where c.object_id = @P1
order by c.column_id
