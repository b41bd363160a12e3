-- @P1 object id. One row a column of a primary key, unique constraint or unique index without a condition, in order:
-- index, 1 for the primary key, column.
select cast(i.index_id as int), cast(i.is_primary_key as int), cast(coalesce(n.COLUMN_NAME, c.name) as nvarchar(128))
from sys.indexes as i
inner join sys.objects as o on o.object_id = i.object_id
inner join sys.index_columns as k on k.object_id = i.object_id and k.index_id = i.index_id
inner join sys.columns as c on c.object_id = k.object_id and c.column_id = k.column_id
left join INFORMATION_SCHEMA.COLUMNS as n
    on n.TABLE_SCHEMA = schema_name(o.schema_id) and n.TABLE_NAME = o.name and n.COLUMN_NAME = c.name
where i.object_id = @P1 and i.is_unique = 1 and i.has_filter = 0 and i.is_disabled = 0 and k.is_included_column = 0
order by i.index_id, k.key_ordinal
