-- The log of exported reports (parameters: none).
insert into reports (id, file_path, created_at, employee, start_date, end_date)
select id, file_path, created_at, employee, start_date, end_date from staged.reports order by id;
