-- Ends the transaction, if the server has not ended it already.
if @@trancount > 0 rollback transaction;
