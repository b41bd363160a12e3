-- The program's file is one of before the column was thought of (slots: table, column).
alter table {table} drop column {column}
