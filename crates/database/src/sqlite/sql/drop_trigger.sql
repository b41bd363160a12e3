-- {name}
drop trigger if exists {name}
