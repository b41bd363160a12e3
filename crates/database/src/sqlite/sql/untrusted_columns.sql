-- Columns of a table of unknown origin, without opening it. {table}; result: place, name, type, not null, default,
-- place in the primary key, hidden (0: ordinary, 2: computed on reading, 3: computed on writing).
pragma main.table_xinfo({table})
