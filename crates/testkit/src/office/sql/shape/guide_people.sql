-- Employees and timesheets of the guide's server (parameters: none; result: two empty tables): employees without a
-- region, timesheets with one that must be there, and notes after is_special, unlike every file it is sent.

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
    is_special INTEGER not null default 0,
    notes TEXT,
    region TEXT not null,
    foreign key (employee_id) references employees(id) on delete cascade
);
