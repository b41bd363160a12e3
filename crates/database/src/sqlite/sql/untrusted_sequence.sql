-- Name of each table that counts its rows, and the highest number that it gave. No slots.
select name, seq from main.sqlite_sequence not indexed
