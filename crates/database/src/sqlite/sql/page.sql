-- A page of the file as bytes; parameter: its number.
select data from sqlite_dbpage where pgno = ?1
