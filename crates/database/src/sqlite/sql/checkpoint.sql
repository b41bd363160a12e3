-- Carries what is committed from the log (WAL) into the file, waiting for nobody (parameters: none; result: how far it got).
pragma wal_checkpoint(passive);
