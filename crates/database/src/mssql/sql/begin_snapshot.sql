-- A transaction that sees one moment.
set transaction isolation level snapshot;
begin transaction;
