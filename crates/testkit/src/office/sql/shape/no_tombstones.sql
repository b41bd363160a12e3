-- Three of the five live files have no table of tombstones (parameters: none).
drop table deleted_records;
