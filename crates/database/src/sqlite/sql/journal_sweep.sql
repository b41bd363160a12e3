-- Deletes empty notes but for the highest, from which the next number is counted.
delete from denk_journal
where table_name is null and id < (select max(id) from denk_journal)
