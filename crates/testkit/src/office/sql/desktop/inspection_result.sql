-- One of a check's nine results (parameters: :inspection_id, :item_key, :status, :note).
insert into vehicle_inspection_results (inspection_id, item_key, status, note)
values (:inspection_id, :item_key, :status, :note)
