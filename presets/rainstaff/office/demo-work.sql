-- A few seconds' work at an office of `denk demo`, which goes on from what the file holds: each time one person's next
-- day is entered, now and then one is corrected, one deleted, a car's kilometres read, the common night shift changed.
-- No parameters.
begin immediate;
create temp table step as
select coalesce((select seq from sqlite_sequence where name = 'timesheets'), 0) as n, value as region from settings where key = 'admin_entry_region';

insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
select employee.id, date(coalesce(max(timesheets.work_date), '2026-01-05'), '1 day'), '09:00', printf('%02d:30', 17 + n % 3), 60, 0, '', step.region
from step, (select employees.id from employees, step where employees.region = step.region order by employees.id
            limit 1 offset (select n % count(*) from employees, step where employees.region = step.region)) as employee
     left join timesheets on timesheets.employee_id = employee.id
group by employee.id;
update timesheets set end_time = '19:00', notes = 'Çift vardiya'
where id = (select max(id) from timesheets, step where timesheets.region = step.region and n % 3 = 0);
delete from timesheets
where id = (select min(id) from timesheets, step where timesheets.region = step.region and n % 5 = 0);
update vehicles set km = km + 35 where id = (select min(id) from vehicles, step where vehicles.region = step.region and n % 2 = 0);
update shift_templates set break_minutes = 15 + break_minutes % 60 where name = 'Gece' and (select n % 7 from step) = 0;
commit;
