-- Holds a row inside denk's own transactions, so that they leave no notes.
create table denk_own (id integer primary key)
