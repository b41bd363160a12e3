-- A shift template by its name; one of that name gets a new id (parameters: the form).
insert or replace into shift_templates (name, start_time, end_time, break_minutes)
values (:name, :start_time, :end_time, :break_minutes)
