-- Undoes everything since the savepoint, which stays.
rollback to denk
