-- The columns that the first generation adds to older files at every start, one statement a column; one that is there
-- already is passed over (parameters: none; result: the columns, at the end of their tables).
alter table timesheets add column is_special INTEGER not null default 0;
alter table vehicles add column oil_change_date TEXT;
alter table vehicles add column oil_change_km INTEGER;
alter table vehicles add column oil_interval_km INTEGER;
alter table vehicle_inspections add column km INTEGER;
alter table vehicle_inspections add column fault_id INTEGER;
alter table vehicle_inspections add column fault_status TEXT;
alter table vehicle_inspections add column service_visit INTEGER default 0;
alter table employees add column region TEXT default 'Ankara';
alter table timesheets add column region TEXT default 'Ankara';
alter table vehicles add column region TEXT default 'Ankara';
alter table drivers add column region TEXT default 'Ankara';
alter table vehicle_faults add column region TEXT default 'Ankara';
alter table vehicle_inspections add column region TEXT default 'Ankara';
alter table vehicle_service_visits add column region TEXT default 'Ankara';
