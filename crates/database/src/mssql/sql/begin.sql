-- A transaction as any user's.
begin transaction;
