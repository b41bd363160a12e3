-- {top} rows at most, {columns}, {from}: a table or a query, {where}, {order}. One row a row.
select {top} {columns} from {from} as r {where} {order}
