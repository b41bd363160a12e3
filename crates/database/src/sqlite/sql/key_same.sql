-- Exact equality that an index of another collation can serve. {column}, {value}.
({column} = {value} and {column} = {value} collate binary)
