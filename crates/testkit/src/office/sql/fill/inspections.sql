-- Inspections with their own region, and their results (parameters: none).
insert into vehicle_inspections
    (id, vehicle_id, driver_id, inspection_date, week_start, km, notes, fault_id, fault_status, service_visit, region)
select id, vehicle_id, driver_id, inspection_date, week_start, km, notes, fault_id, fault_status, service_visit, region
from staged.inspections order by id;
insert into vehicle_inspection_results (id, inspection_id, item_key, status, note)
select id, inspection_id, item_key, status, note from staged.results order by id;
