-- One row of vehicle_service_visits; what hangs on it goes by the table's own rules (parameters: :id).
delete from vehicle_service_visits where id = :id
