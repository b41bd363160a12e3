-- Ends the transaction without effect.
rollback
