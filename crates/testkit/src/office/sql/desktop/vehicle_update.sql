-- All columns of a vehicle, the entry region among them (parameters: :id, the form, :region).
update vehicles
set plate = :plate, brand = :brand, model = :model, year = :year, km = :km, inspection_date = :inspection_date,
    insurance_date = :insurance_date, maintenance_date = :maintenance_date, oil_change_date = :oil_change_date,
    oil_change_km = :oil_change_km, oil_interval_km = :oil_interval_km, notes = :notes, region = :region
where id = :id
