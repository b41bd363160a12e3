-- Employees and timesheets of a time that knew no regions (parameters: none).
insert into employees (id, full_name, identity_no, department, title)
select id, full_name, identity_no, department, title from staged.employees order by id;
insert into timesheets (id, employee_id, work_date, start_time, end_time, break_minutes, is_special, notes)
select id, employee_id, work_date, start_time, end_time, break_minutes, is_special, notes
from staged.timesheets order by id;
