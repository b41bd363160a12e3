-- Rows as people read them (parameters: a region; result: a row a line).
select 'person|' || department || '|' || full_name || '|' || identity_no || '|' || coalesce(title, '')
from employees where region = ?1
union all
select 'day|' || t.start_time || '|' || e.department || '|' || t.work_date || '|' || coalesce(t.notes, '')
from timesheets t join employees e on e.gid = t.employee_id where t.region = ?1
union all
select 'vehicle|' || region || '.' || plate || '|' || brand from vehicles where region = ?1
union all
select 'shift|' || name || '|' || start_time from shift_templates
