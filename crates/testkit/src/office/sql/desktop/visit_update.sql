-- All columns of a service visit, the entry region among them (parameters: :id, the form, :region).
update vehicle_service_visits
set vehicle_id = :vehicle_id, fault_id = :fault_id, start_date = :start_date, end_date = :end_date, reason = :reason,
    cost = :cost, notes = :notes, region = :region
where id = :id
