-- A check's reading becomes the vehicle's, even downwards, and so does the entry region (parameters: :vehicle_id, :km,
-- :region).
update vehicles set km = :km, region = :region where id = :vehicle_id
