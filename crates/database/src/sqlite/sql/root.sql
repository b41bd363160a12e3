-- Where a table's tree begins; parameter: table; result: page number, definition.
select rootpage, sql from sqlite_schema where type = 'table' and name = ?1 collate nocase
