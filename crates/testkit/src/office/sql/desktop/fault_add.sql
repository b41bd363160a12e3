-- A new fault (parameters: the form, :region).
insert into vehicle_faults (vehicle_id, title, description, opened_date, closed_date, status, region)
values (:vehicle_id, :title, :description, :opened_date, :closed_date, :status, :region)
