-- A new driver (parameters: the form, :region).
insert into drivers (full_name, license_class, license_expiry, phone, notes, region)
values (:full_name, :license_class, :license_expiry, :phone, :notes, :region)
