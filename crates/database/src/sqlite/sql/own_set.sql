-- Tells the triggers of the journal that denk itself writes.
insert into denk_own (id) values (1)
