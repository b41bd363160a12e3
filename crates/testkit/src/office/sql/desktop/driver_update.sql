-- All columns of a driver, the entry region among them (parameters: :id, the form, :region).
update drivers
set full_name = :full_name, license_class = :license_class, license_expiry = :license_expiry, phone = :phone,
    notes = :notes, region = :region
where id = :id
