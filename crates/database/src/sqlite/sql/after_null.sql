-- Rows after a key whose part here is NULL, the least of all. {term}, {rest}: the same for the later parts.
({term} is not null or {term} is null and {rest})
