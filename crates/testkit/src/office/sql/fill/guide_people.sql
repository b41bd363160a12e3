-- What the guide's server stores of a migrated file: it copies by position, so is_special holds the note and notes the
-- mark of a special day (parameters: none).
insert into employees (id, full_name, identity_no, department, title)
select id, full_name, identity_no, department, title from staged.employees order by id;
insert into timesheets
    (id, employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
select id, employee_id, work_date, start_time, end_time, break_minutes, coalesce(notes, ''), is_special, region
from staged.timesheets order by id;
