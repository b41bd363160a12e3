-- Templates without ids (parameters: none; result: one text a row).
select concat_ws('|', name, start_time, end_time, break_minutes) from shift_templates
