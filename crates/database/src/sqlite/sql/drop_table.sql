-- {name}
drop table if exists {name}
