-- Makes a SQLite store one whose readers do not wait for its writer (parameters: none; result: the mode).
pragma journal_mode = wal;
