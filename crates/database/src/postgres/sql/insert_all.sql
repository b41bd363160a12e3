-- {table}, {columns}, {values}, {stage}.
insert into {table} ({columns})
overriding system value
select {values}
from pg_temp.{stage} s
