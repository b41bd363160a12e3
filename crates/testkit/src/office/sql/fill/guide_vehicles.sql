-- The users with plain passwords, and vehicles, drivers and what hangs on vehicles as far as the guide's poorer tables
-- hold it (parameters: none).
insert into users (username, password_hash, role, region)
select username, plain, role, region from staged.users order by rowid;
insert into vehicles
    (id, plate, brand, model, year, km, inspection_date, insurance_date, maintenance_date, oil_change_date,
     oil_change_km, oil_interval_km, notes)
select id, plate, brand, model, year, km, inspection_date, insurance_date, maintenance_date, oil_change_date,
       oil_change_km, oil_interval_km, notes
from staged.vehicles order by id;
insert into drivers (id, full_name, license_class, license_expiry, phone, notes)
select id, full_name, license_class, license_expiry, phone, notes from staged.drivers order by id;
insert into vehicle_faults (id, vehicle_id, title, description, opened_date, closed_date)
select id, vehicle_id, title, description, opened_date, closed_date from staged.faults order by id;
insert into vehicle_inspections (id, vehicle_id, inspection_date, created_at)
select id, vehicle_id, inspection_date, inspection_date || ' 17:30:00' from staged.inspections order by id;
insert into vehicle_inspection_results (id, inspection_id, item_name, status, notes)
select id, inspection_id, item_key, status, note from staged.results order by id;
insert into vehicle_service_visits (id, vehicle_id, service_date, description, cost, km_at_service)
select visit.id, vehicle_id, start_date, reason, cost, km
from staged.visits visit join staged.vehicles vehicle on vehicle.id = vehicle_id order by visit.id;
