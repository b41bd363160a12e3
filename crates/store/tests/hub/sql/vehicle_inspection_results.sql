-- Results of weekly checks with plate, date and driver (parameters: none; result: one text a row).
select concat_ws('|', v.plate, i.inspection_date, d.full_name, r.item_key, r.status)
from vehicle_inspection_results r
left join vehicle_inspections i on i.id = r.inspection_id
left join vehicles v on v.id = i.vehicle_id
left join drivers d on d.id = i.driver_id
