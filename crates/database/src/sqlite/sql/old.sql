-- A key column of the row as it was. {name}
old.{name}
