-- What the first generation of the office program creates when a table is missing (parameters: none; result: its
-- tables, as they are, or empty). Columns stand in the order of its statements; older files got the later ones at
-- the end, see add_columns.sql.

create table if not exists employees (
    id INTEGER primary key autoincrement,
    full_name TEXT not null,
    identity_no TEXT,
    department TEXT,
    title TEXT,
    region TEXT default 'Ankara'
);

create table if not exists timesheets (
    id INTEGER primary key autoincrement,
    employee_id INTEGER not null,
    work_date TEXT not null,
    start_time TEXT not null,
    end_time TEXT not null,
    break_minutes INTEGER not null default 0,
    is_special INTEGER not null default 0,
    notes TEXT,
    region TEXT default 'Ankara',
    foreign key (employee_id) references employees(id) on delete cascade
);

create table if not exists settings (
    key TEXT primary key,
    value TEXT not null
);

create table if not exists reports (
    id INTEGER primary key autoincrement,
    file_path TEXT not null,
    created_at TEXT not null,
    employee TEXT,
    start_date TEXT,
    end_date TEXT
);

create table if not exists shift_templates (
    id INTEGER primary key autoincrement,
    name TEXT not null unique,
    start_time TEXT not null,
    end_time TEXT not null,
    break_minutes INTEGER not null default 0
);

create table if not exists vehicles (
    id INTEGER primary key autoincrement,
    plate TEXT not null unique,
    brand TEXT,
    model TEXT,
    year TEXT,
    km INTEGER,
    inspection_date TEXT,
    insurance_date TEXT,
    maintenance_date TEXT,
    oil_change_date TEXT,
    oil_change_km INTEGER,
    oil_interval_km INTEGER,
    notes TEXT,
    region TEXT default 'Ankara'
);

create table if not exists drivers (
    id INTEGER primary key autoincrement,
    full_name TEXT not null unique,
    license_class TEXT,
    license_expiry TEXT,
    phone TEXT,
    notes TEXT,
    region TEXT default 'Ankara'
);

create table if not exists users (
    id INTEGER primary key autoincrement,
    username TEXT not null unique,
    password_hash TEXT not null,
    role TEXT not null,
    region TEXT not null
);

create table if not exists vehicle_faults (
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

create table if not exists vehicle_inspections (
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
    foreign key (driver_id) references drivers(id) on delete set null,
    foreign key (fault_id) references vehicle_faults(id) on delete set null
);

create table if not exists vehicle_inspection_results (
    id INTEGER primary key autoincrement,
    inspection_id INTEGER not null,
    item_key TEXT not null,
    status TEXT not null,
    note TEXT,
    foreign key (inspection_id) references vehicle_inspections(id) on delete cascade
);

create table if not exists vehicle_service_visits (
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

create table if not exists stock_inventory (
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
