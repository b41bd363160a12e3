-- Ends the transaction durably.
commit
