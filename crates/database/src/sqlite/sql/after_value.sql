-- Rows after a key, where a later part of the key is NULL. {term}, {value}, {rest}: the same for the later parts.
({term} > {value} or {term} = {value} and {rest})
