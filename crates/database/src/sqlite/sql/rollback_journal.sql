-- Makes the file one that keeps no write-ahead log. Result: the mode.
pragma journal_mode = delete;
