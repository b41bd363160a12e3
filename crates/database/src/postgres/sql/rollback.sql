-- No slots.
rollback
