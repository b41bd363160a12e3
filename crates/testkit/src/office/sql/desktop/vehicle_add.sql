-- A new vehicle (parameters: the form, :region).
insert into vehicles
    (plate, brand, model, year, km, inspection_date, insurance_date, maintenance_date, oil_change_date, oil_change_km,
     oil_interval_km, notes, region)
values
    (:plate, :brand, :model, :year, :km, :inspection_date, :insurance_date, :maintenance_date, :oil_change_date,
     :oil_change_km, :oil_interval_km, :notes, :region)
