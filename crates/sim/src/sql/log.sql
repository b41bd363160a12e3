-- What every change found and left (parameters: none; result: table, cells as JSON).
select table_name, "after" from denk_log where "after" is not null
union all
select table_name, "before" from denk_log where "before" is not null
