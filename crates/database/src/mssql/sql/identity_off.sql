-- {table}. Numbers are the server's again.
set identity_insert {table} off;
