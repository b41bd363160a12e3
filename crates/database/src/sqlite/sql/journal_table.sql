-- The notes: which row of which table was touched, and how.
create table denk_journal (id integer primary key, table_name text, operation text, k1, k2, k3, k4, k5, k6, k7, k8, at text default current_timestamp)
