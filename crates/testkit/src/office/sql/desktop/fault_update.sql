-- All columns of a fault, the entry region among them; its status does not move its date (parameters: :id, the form,
-- :region).
update vehicle_faults
set vehicle_id = :vehicle_id, title = :title, description = :description, opened_date = :opened_date,
    closed_date = :closed_date, status = :status, region = :region
where id = :id
