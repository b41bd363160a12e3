-- Every word of an office's file (parameters: none; result: a word a line).
select department from employees
union select title from employees where title <> ''
union select start_time from timesheets
union select notes from timesheets where notes <> ''
union select brand from vehicles
union select start_time from shift_templates
