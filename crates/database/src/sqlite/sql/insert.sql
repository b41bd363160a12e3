-- Adds a row. {table}, {columns}, {values}: parameters.
insert into {table} ({columns}) values ({values})
