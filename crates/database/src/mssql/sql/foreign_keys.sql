-- @P1 object id. One row a column of a foreign key, in order: constraint, schema and name of the table it refers to,
-- column, column it refers to.
select cast(f.object_id as int), cast(s.name as nvarchar(128)), cast(o.name as nvarchar(128)),
       cast(c.name as nvarchar(128)), cast(r.name as nvarchar(128))
from sys.foreign_keys as f
inner join sys.foreign_key_columns as k on k.constraint_object_id = f.object_id
inner join sys.objects as o on o.object_id = f.referenced_object_id
inner join sys.schemas as s on s.schema_id = o.schema_id
inner join sys.columns as c on c.object_id = k.parent_object_id and c.column_id = k.parent_column_id
inner join sys.columns as r on r.object_id = k.referenced_object_id and r.column_id = k.referenced_column_id
where f.parent_object_id = @P1
order by f.object_id, k.constraint_column_id
