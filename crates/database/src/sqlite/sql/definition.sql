-- The statement that made an object; parameter: its name.
select sql from sqlite_schema where name = ?1 collate nocase
