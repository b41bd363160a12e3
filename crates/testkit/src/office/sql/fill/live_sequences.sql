-- What the sequences of live files tell of vehicles, checks, faults and visits that once were there (parameters: none).
insert into sqlite_sequence (name, seq)
select column1, column2
from (values ('vehicles', 6), ('vehicle_faults', 2), ('vehicle_inspections', 8), ('vehicle_inspection_results', 70),
             ('vehicle_service_visits', 2))
where column1 not in (select name from sqlite_sequence);
