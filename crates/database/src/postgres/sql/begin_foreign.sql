-- A transaction like any user's. No slots.
begin isolation level read committed
