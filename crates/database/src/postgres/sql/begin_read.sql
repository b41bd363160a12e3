-- One consistent view from its first statement on. No slots.
begin isolation level repeatable read read only
