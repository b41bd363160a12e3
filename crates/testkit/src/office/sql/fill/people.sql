-- Employees and timesheets with their region (parameters: none).
insert into employees (id, full_name, identity_no, department, title, region)
select id, full_name, identity_no, department, title, region from staged.employees order by id;
insert into timesheets
    (id, employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
select id, employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region
from staged.timesheets order by id;
