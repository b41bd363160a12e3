-- The abandoned second edition of the office program (parameters: none; result: ten empty tables). Another family:
-- other names, VARCHAR and DATE, calculated hours stored with each timesheet. Only facts known of it are declared; what
-- its vehicles' checks and settings looked like is not.

create table users (
    id INTEGER primary key autoincrement,
    username VARCHAR(50) not null unique,
    password_hash VARCHAR(255) not null,
    full_name VARCHAR(100),
    email VARCHAR(100) unique,
    phone VARCHAR(20),
    role VARCHAR(20) not null,
    region VARCHAR(50),
    is_active BOOLEAN default 1,
    is_locked BOOLEAN default 0,
    failed_login_attempts INTEGER default 0,
    last_login DATETIME,
    created_at DATETIME,
    updated_at DATETIME,
    created_by INTEGER
);

create table employees (
    id INTEGER primary key autoincrement,
    full_name VARCHAR(100) not null,
    tc_no VARCHAR(11) unique,
    birth_date DATE,
    phone VARCHAR(20),
    email VARCHAR(100),
    address TEXT,
    employee_no VARCHAR(20) not null unique,
    department VARCHAR(50),
    position VARCHAR(50),
    hire_date DATE not null,
    termination_date DATE,
    is_active BOOLEAN default 1,
    region VARCHAR(50) not null,
    shift_template_id INTEGER,
    notes TEXT,
    created_at DATETIME,
    updated_at DATETIME,
    created_by INTEGER
);

create table timesheets (
    id INTEGER primary key autoincrement,
    employee_id INTEGER not null references employees(id),
    work_date DATE not null,
    clock_in VARCHAR(5) not null,
    clock_out VARCHAR(5) not null,
    break_minutes INTEGER default 0,
    is_special_day BOOLEAN default 0,
    worked_hours FLOAT default 0,
    scheduled_hours FLOAT default 0,
    overtime_hours FLOAT default 0,
    night_hours FLOAT default 0,
    overnight_hours FLOAT default 0,
    special_normal_hours FLOAT default 0,
    special_overtime_hours FLOAT default 0,
    special_night_hours FLOAT default 0,
    is_approved BOOLEAN default 0,
    approved_by INTEGER references users(id),
    approved_at DATETIME,
    region VARCHAR(50) not null,
    notes TEXT,
    created_at DATETIME,
    updated_at DATETIME,
    created_by INTEGER
);

create table vehicles (
    id INTEGER primary key autoincrement,
    plate_number VARCHAR(20) not null unique,
    brand VARCHAR(50),
    model VARCHAR(50),
    year INTEGER,
    color VARCHAR(30),
    vin VARCHAR(17) unique,
    current_km INTEGER default 0,
    oil_change_km INTEGER,
    oil_interval_km INTEGER default 14000,
    insurance_expiry DATE,
    inspection_expiry DATE,
    status VARCHAR(20) default 'active',
    region VARCHAR(50) not null,
    notes TEXT,
    created_at DATETIME,
    updated_at DATETIME,
    created_by INTEGER
);

create table drivers (
    id INTEGER primary key autoincrement,
    full_name VARCHAR(100) not null,
    tc_no VARCHAR(11) unique,
    phone VARCHAR(20),
    license_no VARCHAR(20) not null unique,
    license_type VARCHAR(10),
    license_expiry DATE,
    hire_date DATE,
    termination_date DATE,
    is_active BOOLEAN default 1,
    region VARCHAR(50) not null,
    notes TEXT,
    created_at DATETIME,
    updated_at DATETIME,
    created_by INTEGER
);

create table audit_logs (
    id INTEGER primary key autoincrement,
    user_id INTEGER references users(id),
    username VARCHAR(50),
    user_role VARCHAR(20),
    user_region VARCHAR(50),
    action VARCHAR(50) not null,
    entity_type VARCHAR(50),
    entity_id INTEGER,
    description TEXT,
    old_values JSON,
    new_values JSON,
    timestamp DATETIME not null,
    ip_address VARCHAR(45),
    device_info VARCHAR(255)
);

create table messages (
    id INTEGER primary key autoincrement,
    sender_id INTEGER not null references users(id),
    sender_username VARCHAR(50),
    sender_region VARCHAR(50),
    receiver_id INTEGER references users(id),
    receiver_region VARCHAR(50),
    subject VARCHAR(200),
    body TEXT not null,
    priority VARCHAR(20) default 'normal',
    is_read BOOLEAN default 0,
    read_at DATETIME,
    created_at DATETIME
);

create table notifications (
    id INTEGER primary key autoincrement,
    user_id INTEGER references users(id),
    region VARCHAR(50),
    type VARCHAR(50) not null,
    title VARCHAR(200) not null,
    message TEXT,
    action_url VARCHAR(255),
    is_read BOOLEAN default 0,
    read_at DATETIME,
    created_at DATETIME,
    expires_at DATETIME
);

create table presence (
    id INTEGER primary key autoincrement,
    user_id INTEGER not null unique references users(id),
    status VARCHAR(20) default 'offline',
    last_activity DATETIME,
    device_info VARCHAR(255),
    ip_address VARCHAR(45)
);

create table sync_logs (
    id INTEGER primary key autoincrement,
    user_id INTEGER references users(id),
    region VARCHAR(50),
    sync_type VARCHAR(20) not null,
    entity_type VARCHAR(50),
    entity_id INTEGER,
    status VARCHAR(20),
    records_affected INTEGER default 0,
    conflict_data JSON,
    resolution VARCHAR(20),
    started_at DATETIME,
    completed_at DATETIME
);
