-- {schema}, {name} as texts, {trigger}, {table}. Drops the trigger if it is there.
if exists (select 1 from sys.triggers as g
           inner join sys.objects as o on o.object_id = g.parent_id
           inner join sys.schemas as s on s.schema_id = o.schema_id
           where cast(s.name as nvarchar(128)) = N{schema} and cast(g.name as nvarchar(128)) = N{name})
    drop trigger {trigger};
