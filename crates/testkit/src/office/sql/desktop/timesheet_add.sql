-- A new timesheet (parameters: the form, :region).
insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
values (:employee_id, :work_date, :start_time, :end_time, :break_minutes, :is_special, :notes, :region)
