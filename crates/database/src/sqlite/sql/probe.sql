-- What is there under a key. {table}, {columns}: what is compared, {match}: the key.
select {columns} from {table} as s where {match}
