-- A program's update makes a table anew (slots: columns, table).
create table yeni ({columns};
insert into yeni select * from {table};
