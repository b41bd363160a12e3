-- The six settings and two shift templates of the first files (parameters: none).
insert into settings (key, value) values
    ('company_name', 'Örnek Su Arıtma Ltd. Şti.'),
    ('report_title', 'Puantaj ve Mesai Raporu'),
    ('weekday_hours', '9'),
    ('saturday_start', '09:00'),
    ('saturday_end', '14:00'),
    ('logo_path', '');
insert into shift_templates (name, start_time, end_time, break_minutes) values
    ('Hafta Ici 09-18', '09:00', '18:00', 60),
    ('Cumartesi 09-14', '09:00', '14:00', 0);
