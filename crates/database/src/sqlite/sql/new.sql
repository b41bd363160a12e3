-- A key column of the row as it is now. {name}
new.{name}
