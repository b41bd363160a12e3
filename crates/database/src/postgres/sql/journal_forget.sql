-- {journal}. $1: ids.
delete from {journal} where id = any($1)
