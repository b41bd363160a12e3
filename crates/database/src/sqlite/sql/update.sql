-- Changes the row of a key. {table}, {assignments}, {match}: the key.
update {table} as s set {assignments} where {match}
