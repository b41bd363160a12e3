-- The rows that live at the hub (parameters: none; result: table and gid in one text).
select 'employees ' || hex(gid) from employees
union all select 'timesheets ' || hex(gid) from timesheets
union all select 'vehicles ' || hex(gid) from vehicles
union all select 'shift_templates ' || hex(gid) from shift_templates
