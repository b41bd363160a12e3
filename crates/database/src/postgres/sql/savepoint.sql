-- No slots.
savepoint denk
