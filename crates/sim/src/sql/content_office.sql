select full_name || '|' || coalesce(title, '') from employees where region = ?1
union all
select e.full_name || '|' || t.work_date || '|' || coalesce(t.notes, '')
from timesheets t join employees e on e.id = t.employee_id where t.region = ?1
