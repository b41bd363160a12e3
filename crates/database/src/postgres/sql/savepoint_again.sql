-- Replaces the savepoint that is set. No slots.
release savepoint denk;
savepoint denk
