-- What is deleted leaves its id behind (parameters: :table_name, :record_id, :deleted_at).
insert into deleted_records (table_name, record_id, deleted_at) values (:table_name, :record_id, :deleted_at)
