-- One row of drivers; what hangs on it goes by the table's own rules (parameters: :id).
delete from drivers where id = :id
