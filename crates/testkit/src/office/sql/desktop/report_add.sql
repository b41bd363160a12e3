-- An exported report (parameters: :file_path, :created_at, :employee, :start_date, :end_date).
insert into reports (file_path, created_at, employee, start_date, end_date)
values (:file_path, :created_at, :employee, :start_date, :end_date)
