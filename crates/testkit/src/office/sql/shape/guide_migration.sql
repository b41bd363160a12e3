-- What the guide's migration script changes in an old table (parameters: none).
alter table timesheets add column region TEXT default 'Ankara';
