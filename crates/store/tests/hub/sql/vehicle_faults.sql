-- Faults with the plate of their vehicle (parameters: none; result: one text a row).
select concat_ws('|', v.plate, f.title, f.description, f.status, f.region) from vehicle_faults f left join vehicles v on v.id = f.vehicle_id
