-- Makes the transaction durable.
commit transaction;
