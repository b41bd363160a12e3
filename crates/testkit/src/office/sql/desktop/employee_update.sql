-- All columns of an employee, the entry region among them (parameters: :id, the form, :region).
update employees
set full_name = :full_name, identity_no = :identity_no, department = :department, title = :title, region = :region
where id = :id
