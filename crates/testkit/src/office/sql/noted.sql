-- How many timesheets have these notes (parameter: the notes; result: count).
select count(*) from timesheets where notes = ?1
