-- Enters as many timesheets of the first employee (parameters: how many; their notes; result: none).
with recursive entered(number) as (select 1 union all select number + 1 from entered where number < ?1)
insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
select (select min(id) from employees), date('2027-01-01', '+' || number || ' days'), '08:00', '17:00', 60, 0, ?2,
       (select region from employees order by id limit 1)
from entered
