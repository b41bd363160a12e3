-- {journal}.
drop table if exists {journal}
