-- A weekly check as the second generation writes it (parameters: the form): it does not know the region
-- of a check, so in a live file the column's own default stands there.
insert into vehicle_inspections
    (vehicle_id, driver_id, inspection_date, week_start, km, notes, fault_id, fault_status, service_visit)
values
    (:vehicle_id, :driver_id, :inspection_date, date(:inspection_date, '-6 days', 'weekday 1'), :km, :notes,
     :fault_id, :fault_status, :service_visit)
