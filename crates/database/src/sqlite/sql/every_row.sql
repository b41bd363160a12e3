-- Every row of a table. {table}; {order}: its key.
select * from {table} order by {order}
