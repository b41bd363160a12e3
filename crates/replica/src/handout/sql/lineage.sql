-- Which hand-out a file is (parameters: none; result: an empty table, which will have one row).
create table denk_lineage (tag TEXT not null);
