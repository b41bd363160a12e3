-- The columns that the second generation adds to older files at every start, one statement a column, whatever comes of
-- it (parameters: none; result: regions that are NULL). It does not add is_special, oil or inspection columns.
alter table timesheets add column region TEXT;
alter table vehicles add column region TEXT;
alter table employees add column region TEXT;
alter table drivers add column region TEXT;
alter table vehicle_faults add column region TEXT;
alter table vehicle_service_visits add column region TEXT;
