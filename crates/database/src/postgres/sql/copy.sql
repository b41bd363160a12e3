-- {table}, {columns}. Rows in binary follow.
copy {table} ({columns}) from stdin (format binary)
