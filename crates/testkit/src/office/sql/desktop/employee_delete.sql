-- One row of employees; what hangs on it goes by the table's own rules (parameters: :id).
delete from employees where id = :id
