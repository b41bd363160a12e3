-- Vehicles, drivers, faults and service visits (parameters: none).
insert into vehicles
    (id, plate, brand, model, year, km, inspection_date, insurance_date, maintenance_date, oil_change_date,
     oil_change_km, oil_interval_km, notes, region)
select id, plate, brand, model, year, km, inspection_date, insurance_date, maintenance_date, oil_change_date,
       oil_change_km, oil_interval_km, notes, region
from staged.vehicles order by id;
insert into drivers (id, full_name, license_class, license_expiry, phone, notes, region)
select id, full_name, license_class, license_expiry, phone, notes, region from staged.drivers order by id;
insert into vehicle_faults (id, vehicle_id, title, description, opened_date, closed_date, status, region)
select id, vehicle_id, title, description, opened_date, closed_date, status, region from staged.faults order by id;
insert into vehicle_service_visits (id, vehicle_id, fault_id, start_date, end_date, reason, cost, notes, region)
select id, vehicle_id, fault_id, start_date, end_date, reason, cost, notes, region from staged.visits order by id;
