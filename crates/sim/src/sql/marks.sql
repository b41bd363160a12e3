-- Rows by their marks (slots: mark, table; result: id, mark).
select id, {mark} from {table} order by id
