-- No slots.
rollback to savepoint denk
