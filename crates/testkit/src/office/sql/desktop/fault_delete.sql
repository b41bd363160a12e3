-- One row of vehicle_faults; what hangs on it goes by the table's own rules (parameters: :id).
delete from vehicle_faults where id = :id
