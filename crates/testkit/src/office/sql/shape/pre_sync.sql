-- The backup of 19 January 2026, before any synchronisation (parameters: none; result: five empty tables). No region,
-- no users; is_special came later than notes.

create table employees (
    id INTEGER primary key autoincrement,
    full_name TEXT not null,
    identity_no TEXT,
    department TEXT,
    title TEXT
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
    foreign key (employee_id) references employees(id) on delete cascade
);

create table settings (
    key TEXT primary key,
    value TEXT not null
);

create table shift_templates (
    id INTEGER primary key autoincrement,
    name TEXT not null unique,
    start_time TEXT not null,
    end_time TEXT not null,
    break_minutes INTEGER not null default 0
);

create table reports (
    id INTEGER primary key autoincrement,
    file_path TEXT not null,
    created_at TEXT not null,
    employee TEXT,
    start_date TEXT,
    end_date TEXT
);
