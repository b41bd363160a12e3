-- A new employee (parameters: the form, :region).
insert into employees (full_name, identity_no, department, title, region)
values (:full_name, :identity_no, :department, :title, :region)
