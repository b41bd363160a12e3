-- A new service visit (parameters: the form, :region).
insert into vehicle_service_visits (vehicle_id, fault_id, start_date, end_date, reason, cost, notes, region)
values (:vehicle_id, :fault_id, :start_date, :end_date, :reason, :cost, :notes, :region)
