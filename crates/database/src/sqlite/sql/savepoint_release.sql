-- Forgets the one savepoint, keeping what was done since.
release denk
