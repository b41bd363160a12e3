-- The second edition's rows (parameters: none): its people belong to four offices, the hours it calculates are 0
-- everywhere, and of its own features each has a row or two.
insert into users (username, password_hash, full_name, email, role, region, created_at, updated_at)
select username, bcrypt, 'Deneme ' || username, username || '@example.com',
       case username when 'admin' then 'super_admin' when 'ankara1' then 'admin' when 'izmir1' then 'manager'
           when 'bursa1' then 'viewer' else 'user' end,
       region, '2026-01-17 09:00:00.000000', '2026-01-17 09:00:00.000000'
from staged.users order by rowid;

create temp table office as
select id, case id % 5 when 1 then region when 4 then 'Istanbul' when 0 then 'Izmir' else 'Bursa' end as region
from staged.employees;

insert into employees
    (id, full_name, tc_no, phone, employee_no, department, position, hire_date, region, notes, created_at, updated_at,
     created_by)
select id, full_name, printf('%011d', id), printf('90%010d', id), printf('P-%04d', id), department, title,
       '2025-09-01', office.region, '', '2026-01-17 09:00:00.000000', '2026-01-17 09:00:00.000000', 1
from staged.employees join office using (id) order by id;

insert into timesheets
    (id, employee_id, work_date, clock_in, clock_out, break_minutes, is_special_day, is_approved, approved_by,
     approved_at, region, notes, created_at, updated_at, created_by)
select sheet.id, employee_id, work_date, start_time, end_time, break_minutes, is_special, sheet.id % 3 = 0,
       case sheet.id % 3 when 0 then 1 end, case sheet.id % 3 when 0 then work_date || ' 18:00:00.000000' end,
       office.region, notes, work_date || ' 17:45:00.000000', work_date || ' 17:45:00.000000', 1
from staged.timesheets sheet join office on office.id = employee_id order by sheet.id;
drop table office;

insert into vehicles
    (id, plate_number, brand, model, year, vin, current_km, oil_change_km, oil_interval_km, insurance_expiry,
     inspection_expiry, status, region, notes, created_at, updated_at)
select id, plate, brand, model, cast(year as integer), printf('DENEME%011d', id), km, oil_change_km, oil_interval_km,
       nullif(insurance_date, ''), nullif(inspection_date, ''),
       case id % 4 when 0 then 'maintenance' when 3 then 'out_of_service' else 'active' end, region, notes,
       '2026-01-17 09:00:00.000000', '2026-01-17 09:00:00.000000'
from staged.vehicles order by id;

insert into drivers
    (id, full_name, tc_no, phone, license_no, license_type, license_expiry, region, notes, created_at, updated_at)
select id, full_name, printf('%011d', 500 + id), phone, printf('E-%06d', id), license_class,
       nullif(license_expiry, ''), region, notes, '2026-01-17 09:00:00.000000', '2026-01-17 09:00:00.000000'
from staged.drivers order by id;

insert into audit_logs
    (user_id, username, user_role, user_region, action, entity_type, entity_id, description, old_values, new_values,
     timestamp)
values
    (1, 'ankara1', 'admin', 'Ankara', 'create', 'employee', 1, 'Çalışan eklendi', null, '{"department": "Servis"}',
     '2026-01-17 09:00:00.000000'),
    (1, 'ankara1', 'admin', 'Ankara', 'update', 'timesheet', 1, 'Puantaj düzeltildi', '{"break_minutes": 0}',
     '{"break_minutes": 60}', '2026-01-17 18:00:00.000000');

insert into messages (sender_id, sender_username, sender_region, receiver_region, subject, body, priority, created_at)
values (5, 'admin', 'ALL', null, 'Deneme duyurusu', 'Bu bir örnek duyurudur.', 'high', '2026-01-17 10:00:00.000000');

insert into notifications (region, type, title, message, created_at, expires_at)
values (null, 'info', 'Deneme bildirimi', 'Örnek metin', '2026-01-17 10:00:00.000000', '2026-01-24 10:00:00.000000');

insert into presence (user_id, status, last_activity, device_info)
select id, 'offline', '2026-01-17 18:00:00.000000', 'DENEME-PC' from users order by id;

insert into sync_logs
    (user_id, region, sync_type, entity_type, entity_id, status, records_affected, conflict_data, resolution,
     started_at, completed_at)
values (1, 'Ankara', 'conflict', 'timesheet', 1, 'resolved', 1, '{"field": "break_minutes"}', 'local_wins',
        '2026-01-17 18:00:00.000000', '2026-01-17 18:00:01.000000');
