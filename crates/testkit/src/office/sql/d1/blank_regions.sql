-- The first generation takes every row without a region for one of Ankara, at every start (parameters: none).
update employees set region = 'Ankara' where region is null or trim(region) = '';
update timesheets set region = 'Ankara' where region is null or trim(region) = '';
update vehicles set region = 'Ankara' where region is null or trim(region) = '';
update drivers set region = 'Ankara' where region is null or trim(region) = '';
update vehicle_faults set region = 'Ankara' where region is null or trim(region) = '';
update vehicle_inspections set region = 'Ankara' where region is null or trim(region) = '';
update vehicle_service_visits set region = 'Ankara' where region is null or trim(region) = '';
