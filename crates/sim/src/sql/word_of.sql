-- What a row says, at the hub or in a file (slots: word, table, mark; parameter: the row's mark; result: a line a row).
select coalesce({word}, '') from {table} where {mark} = ?1
