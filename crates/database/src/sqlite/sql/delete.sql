-- Deletes the row of a key. {table}, {match}: the key.
delete from {table} as s where {match}
