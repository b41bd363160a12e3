-- Drivers without ids (parameters: none; result: one text a row).
select concat_ws('|', full_name, license_class, phone, region) from drivers
