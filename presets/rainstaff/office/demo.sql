-- Made-up rows for an office of `denk demo`: people and their hours, vehicles, drivers and stock of the region that the
-- file's setting `admin_entry_region` names. No parameters; the tables are there and empty but for the settings.
begin immediate;
create temp table place as
select value as region, case value when 'Ankara' then 0 when 'Istanbul' then 1 else 2 end as office,
       case value when 'Ankara' then '06' when 'Istanbul' then '34' else '16' end as city
from settings where key = 'admin_entry_region';
create temp table given (n integer primary key, name text);
insert into given (name) values ('Ayşe'), ('Çağla'), ('Gökhan'), ('İbrahim'), ('Özlem'), ('Şükrü'), ('Ümit'), ('Yiğit'), ('Gülşen'), ('Işık'), ('Tuğba'), ('Doğan');
create temp table family (n integer primary key, name text);
insert into family (name) values ('Örnekoğlu'), ('Denemeci'), ('Sınamaz'), ('Kurgusal'), ('Taslakçı');

insert into settings (key, value) values ('company_name', 'Örnek Su Arıtma'), ('weekday_hours', '9'), ('saturday_start', '09:00'), ('saturday_end', '14:00'), ('theme', 'Gece');
insert into shift_templates (name, start_time, end_time, break_minutes) select 'Hafta İçi', '09:00', '18:00', 60 from place;
insert into shift_templates (name, start_time, end_time, break_minutes) select 'Gece', '22:00', '06:00', 30 + 15 * office from place;

insert into employees (id, full_name, identity_no, department, title, region)
select given.n, given.name || ' ' || family.name, '', case given.n % 3 when 0 then 'Servis' when 1 then 'Depo' else 'Satış' end,
       case given.n % 2 when 0 then 'Teknisyen' else 'Şoför' end, region
from given, place join family on family.n = 1 + (given.n + office) % 5;

with recursive day(n) as (select 0 union all select n + 1 from day where n < 19)
insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
select employees.id, date('2026-01-05', day.n || ' days'), printf('%02d:00', 8 + (employees.id + office) % 3), '18:00', 60, 0,
       case when (employees.id + day.n) % 17 = 0 then 'Şantiyeden geç döndü' else '' end, place.region
from day, employees, place;

with recursive number(n) as (select 1 union all select n + 1 from number where n < 4)
insert into vehicles (id, plate, brand, model, year, km, oil_change_km, oil_interval_km, notes, region)
select n, city || ' QWX ' || printf('%03d', n), 'Örnek', 'Kamyonet', 2020 + n, 10000 * n, 9000 * n, 10000, '', region from number, place;
insert into drivers (full_name, license_class, license_expiry, phone, notes, region)
select full_name, 'B', '2030-06-30', '', '', employees.region from employees where id % 4 = 1;
insert into vehicle_faults (vehicle_id, title, description, opened_date, closed_date, status, region)
select 2, 'Fren balatası', 'Ön tekerlekler', '2026-01-20', '', 'Acik', region from place;
insert into vehicle_service_visits (vehicle_id, fault_id, start_date, reason, cost, notes, region) select 2, 1, '2026-01-21', 'Fren', 1250.5, '', region from place;

with recursive number(n) as (select 1 union all select n + 1 from number where n < 30)
insert into stock_inventory (stok_kod, stok_adi, seri_no, durum, tarih, girdi_yapan, bolge, adet, created_at, updated_at)
select 'FLT-' || (1 + n % 3), 'Filtre ' || (1 + n % 3), city || '-' || printf('%05d', n), 'VAR', '2026-01-05', region, region, 1, '2026-01-05 06:00:00', '2026-01-05 06:00:00'
from number, place;
commit;
