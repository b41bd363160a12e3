-- One row of vehicles; what hangs on it goes by the table's own rules (parameters: :id).
delete from vehicles where id = :id
