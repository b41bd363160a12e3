-- Somebody else under the number of an employee, as imports did it (parameters: the row).
insert or replace into employees (id, full_name, identity_no, department, title, region) values (?1, ?2, ?3, ?4, ?5, ?6)
