-- All columns of a timesheet, the entry region among them (parameters: :id, the form, :region).
update timesheets
set employee_id = :employee_id, work_date = :work_date, start_time = :start_time, end_time = :end_time,
    break_minutes = :break_minutes, is_special = :is_special, notes = :notes, region = :region
where id = :id
