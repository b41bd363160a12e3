-- Number of rows in the table's own tree. {table}
select count(*) from main.{table} not indexed
