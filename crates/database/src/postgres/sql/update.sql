-- {table}, {assignments}, {differences}, {stage}, {match}.
update {table} t
set {assignments}
from pg_temp.{differences} d
join pg_temp.{stage} s on s.ctid = d.place
where d.known and {match}
