-- @P1 object id. One row a trigger: name, definition (NULL when the user may not see it).
select cast(t.name as nvarchar(128)), cast(m.definition as nvarchar(max))
from sys.triggers as t
left join sys.sql_modules as m on m.object_id = t.object_id
where t.parent_id = @P1
order by 1
