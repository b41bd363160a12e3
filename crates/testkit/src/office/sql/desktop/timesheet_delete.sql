-- One row of timesheets; what hangs on it goes by the table's own rules (parameters: :id).
delete from timesheets where id = :id
