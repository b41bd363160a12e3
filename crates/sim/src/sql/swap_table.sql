-- The new table takes the old one's place (slot: table).
drop table {table};
alter table yeni rename to {table};
