-- Everything an office has, in words of no file in particular; the scripts of each shape copy from here what the shape
-- can hold (parameters: none; result: empty tables in the attached database "staged").
create table staged.facts (region text, users_sequence integer);
create table staged.users (
    username text, role text, region text, plain text, prefixed text, unsalted text, bcrypt text
);
create table staged.employees (
    id integer primary key, full_name text, identity_no text, department text, title text, region text
);
create table staged.timesheets (
    id integer primary key, employee_id integer, work_date text, start_time text, end_time text,
    break_minutes integer, is_special integer, notes text, region text
);
create table staged.reports (
    id integer primary key, file_path text, created_at text, employee text, start_date text, end_date text
);
create table staged.vehicles (
    id integer primary key, plate text, brand text, model text, year text, km integer, inspection_date text,
    insurance_date text, maintenance_date text, oil_change_date text, oil_change_km integer, oil_interval_km integer,
    notes text, region text
);
create table staged.drivers (
    id integer primary key, full_name text, license_class text, license_expiry text, phone text, notes text, region text
);
create table staged.faults (
    id integer primary key, vehicle_id integer, title text, description text, opened_date text, closed_date text,
    status text, region text
);
create table staged.inspections (
    id integer primary key, vehicle_id integer, driver_id integer, inspection_date text, week_start text, km integer,
    notes text, fault_id integer, fault_status text, service_visit integer, region text
);
create table staged.results (id integer primary key, inspection_id integer, item_key text, status text, note text);
create table staged.visits (
    id integer primary key, vehicle_id integer, fault_id integer, start_date text, end_date text, reason text, cost real,
    notes text, region text
);
create table staged.stock (
    id integer primary key, stok_kod text, stok_adi text, seri_no text, durum text, tarih text, girdi_yapan text,
    bolge text, adet integer, created_at text, updated_at text
);
create table staged.tombstones (id integer primary key, table_name text, record_id integer, deleted_at text);
