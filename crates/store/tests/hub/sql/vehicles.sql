-- Vehicles without ids (parameters: none; result: one text a row).
select concat_ws('|', plate, brand, model, year, km, notes, region) from vehicles
