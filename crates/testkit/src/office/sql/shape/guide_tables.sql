-- Vehicles, drivers, users and what hangs on vehicles, as both the guide's migration script and the guide's server make
-- them (parameters: none; result: seven empty tables). No region; poorer than the office program's own tables.

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
    oil_change_date TEXT,
    oil_change_km INTEGER,
    oil_interval_km INTEGER,
    notes TEXT
);

create table drivers (
    id INTEGER primary key autoincrement,
    full_name TEXT not null unique,
    license_class TEXT,
    license_expiry TEXT,
    phone TEXT,
    notes TEXT
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
    foreign key (vehicle_id) references vehicles(id) on delete cascade
);

create table vehicle_inspections (
    id INTEGER primary key autoincrement,
    vehicle_id INTEGER not null,
    inspection_date TEXT,
    created_at TEXT,
    foreign key (vehicle_id) references vehicles(id) on delete cascade
);

create table vehicle_inspection_results (
    id INTEGER primary key autoincrement,
    inspection_id INTEGER not null,
    item_name TEXT,
    status TEXT,
    notes TEXT,
    foreign key (inspection_id) references vehicle_inspections(id) on delete cascade
);

create table vehicle_service_visits (
    id INTEGER primary key autoincrement,
    vehicle_id INTEGER not null,
    service_date TEXT,
    description TEXT,
    cost REAL,
    km_at_service INTEGER,
    foreign key (vehicle_id) references vehicles(id) on delete cascade
);
