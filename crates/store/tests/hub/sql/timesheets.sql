-- Hours with the name of who worked them (parameters: none; result: one text a row).
select concat_ws('|', e.full_name, t.work_date, t.start_time, t.end_time, t.break_minutes, t.is_special, t.notes, t.region)
from timesheets t left join employees e on e.id = t.employee_id
