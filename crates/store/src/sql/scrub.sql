-- Leaves nothing of what was written over or removed, in the file or its log (parameters: none; result: how far it got).
vacuum;
pragma wal_checkpoint(truncate);
