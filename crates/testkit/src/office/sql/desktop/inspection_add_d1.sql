-- A weekly check as the first generation writes it (parameters: the form, :region).
insert into vehicle_inspections
    (vehicle_id, driver_id, inspection_date, week_start, km, notes, fault_id, fault_status, service_visit, region)
values
    (:vehicle_id, :driver_id, :inspection_date, date(:inspection_date, '-6 days', 'weekday 1'), :km, :notes,
     :fault_id, :fault_status, :service_visit, :region)
