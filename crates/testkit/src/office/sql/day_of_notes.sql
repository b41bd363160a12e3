-- Writes other notes on some timesheets (parameters: the notes; how many rows; how many of the first ones not;
-- result: none).
update timesheets set notes = ?1 where id in (select id from timesheets order by id limit ?2 offset ?3)
