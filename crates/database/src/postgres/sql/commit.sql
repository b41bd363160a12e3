-- Fails where the transaction cannot commit any more. No slots.
select;
commit
