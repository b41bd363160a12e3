-- A check that says so closes the fault (parameters: :fault_id, :date).
update vehicle_faults
set status = 'Kapandi', closed_date = case when coalesce(closed_date, '') = '' then :date else closed_date end
where id = :fault_id
