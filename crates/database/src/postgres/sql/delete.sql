-- {table}, {stage}, {match}.
delete from {table} t
using pg_temp.{stage} s
where {match}
