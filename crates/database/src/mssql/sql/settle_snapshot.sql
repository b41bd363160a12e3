-- The isolation level outlives the transaction.
set transaction isolation level read committed;
