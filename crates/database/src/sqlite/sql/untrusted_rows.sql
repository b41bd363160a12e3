-- All rows in the order of the table's own tree. {columns}: the rowid and those asked for, {table}
select {columns} from main.{table} not indexed
