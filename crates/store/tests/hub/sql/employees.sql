-- Employees without ids (parameters: none; result: one text a row).
select concat_ws('|', full_name, identity_no, department, title, region) from employees
