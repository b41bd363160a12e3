-- A shift template goes without a trace (parameters: :id).
delete from shift_templates where id = :id
