-- {stage}, {columns}. The same within a transaction that has used it; a savepoint may have taken it away.
create temp table if not exists {stage} ({columns}) on commit delete rows;
truncate pg_temp.{stage}
