-- The office program's own SQLite file as its live files of 23 and 24 January 2026 have it: what a download must
-- look like (parameters: none; result: empty tables). Verbatim on purpose: columns stand in the order in which
-- years of additions left them (timesheets: notes, is_special, region; vehicles: notes before the oil columns),
-- vehicle_inspections.fault_id refers to nothing, region is nullable and means Ankara where it is left out, and
-- there are no indices but those of primary keys and unique columns. Page size 4096, journal mode delete,
-- user_version 0: SQLite's defaults.

create table employees (
    id INTEGER primary key autoincrement,
    full_name TEXT not null,
    identity_no TEXT,
    department TEXT,
    title TEXT,
    region TEXT default 'Ankara'
);

create table timesheets (
    id INTEGER primary key autoincrement,
    employee_id INTEGER not null,
    work_date TEXT not null,
    start_time TEXT not null,
    end_time TEXT not null,
    break_minutes INTEGER not null default 0,
    notes TEXT,
    is_special INTEGER not null default 0,
    region TEXT default 'Ankara',
    foreign key (employee_id) references employees(id) on delete cascade
);

create table settings (
    key TEXT primary key,
    value TEXT not null
);

create table reports (
    id INTEGER primary key autoincrement,
    file_path TEXT not null,
    created_at TEXT not null,
    employee TEXT,
    start_date TEXT,
    end_date TEXT
);

create table shift_templates (
    id INTEGER primary key autoincrement,
    name TEXT not null unique,
    start_time TEXT not null,
    end_time TEXT not null,
    break_minutes INTEGER not null default 0
);

create table vehicles (
    id INTEGER primary key autoincrement,
    plate TEXT not null unique,
    brand TEXT,
    model TEXT,
    year TEXT,
    km INTEGER,
    inspection_date TEXT,
    insurance_date TEXT,
    maintenance_date TEXT,
    notes TEXT,
    oil_change_date TEXT,
    oil_change_km INTEGER,
    oil_interval_km INTEGER,
    region TEXT default 'Ankara'
);

create table drivers (
    id INTEGER primary key autoincrement,
    full_name TEXT not null unique,
    license_class TEXT,
    license_expiry TEXT,
    phone TEXT,
    notes TEXT,
    region TEXT default 'Ankara'
);

create table users (
    id INTEGER primary key autoincrement,
    username TEXT not null unique,
    password_hash TEXT not null,
    role TEXT not null,
    region TEXT not null
);

create table vehicle_faults (
    id INTEGER primary key autoincrement,
    vehicle_id INTEGER not null,
    title TEXT not null,
    description TEXT,
    opened_date TEXT,
    closed_date TEXT,
    status TEXT default 'Acik',
    region TEXT default 'Ankara',
    foreign key (vehicle_id) references vehicles(id) on delete cascade
);

create table vehicle_inspections (
    id INTEGER primary key autoincrement,
    vehicle_id INTEGER not null,
    driver_id INTEGER,
    inspection_date TEXT not null,
    week_start TEXT not null,
    km INTEGER,
    notes TEXT,
    fault_id INTEGER,
    fault_status TEXT,
    service_visit INTEGER default 0,
    region TEXT default 'Ankara',
    foreign key (vehicle_id) references vehicles(id) on delete cascade,
    foreign key (driver_id) references drivers(id) on delete set null
);

create table vehicle_inspection_results (
    id INTEGER primary key autoincrement,
    inspection_id INTEGER not null,
    item_key TEXT not null,
    status TEXT not null,
    note TEXT,
    foreign key (inspection_id) references vehicle_inspections(id) on delete cascade
);

create table vehicle_service_visits (
    id INTEGER primary key autoincrement,
    vehicle_id INTEGER not null,
    fault_id INTEGER,
    start_date TEXT not null,
    end_date TEXT,
    reason TEXT,
    cost REAL,
    notes TEXT,
    region TEXT default 'Ankara',
    foreign key (vehicle_id) references vehicles(id) on delete cascade,
    foreign key (fault_id) references vehicle_faults(id) on delete set null
);

create table stock_inventory (
    id INTEGER primary key autoincrement,
    stok_kod TEXT,
    stok_adi TEXT,
    seri_no TEXT not null unique,
    durum TEXT,
    tarih TEXT,
    girdi_yapan TEXT,
    bolge TEXT not null,
    adet INTEGER,
    created_at TIMESTAMP default CURRENT_TIMESTAMP,
    updated_at TIMESTAMP default CURRENT_TIMESTAMP
);

create table deleted_records (
    id INTEGER primary key autoincrement,
    table_name TEXT not null,
    record_id INTEGER not null,
    deleted_at TEXT not null,
    deleted_by TEXT
);
