-- {stage}, {columns}. A temporary table of the session's own, empty at the begin of each transaction.
create temp table if not exists {stage} ({columns}) on commit delete rows
