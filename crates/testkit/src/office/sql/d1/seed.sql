-- Settings and shift templates of the first generation (parameters: none; result: ten settings where they are
-- missing, two templates where there is none).
insert or ignore into settings (key, value) values
    ('company_name', ''),
    ('report_title', 'Rainstaff Puantaj ve Mesai Raporu'),
    ('weekday_hours', '9'),
    ('saturday_start', '09:00'),
    ('saturday_end', '14:00'),
    ('logo_path', ''),
    ('sync_enabled', '0'),
    ('sync_url', ''),
    ('sync_token', ''),
    ('admin_entry_region', 'Ankara');

insert into shift_templates (name, start_time, end_time, break_minutes)
select column1, column2, column3, column4
from (values ('Hafta Ici 09-18', '09:00', '18:00', 60), ('Cumartesi 09-14', '09:00', '14:00', 0))
where not exists (select 1 from shift_templates);
