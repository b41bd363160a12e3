-- A column of the one relation of a statement. Qualified, because SQLite takes an unknown quoted name for a text.
s.{name}
