-- The change that last touched each row (parameters: none; result: row, number).
select table_name || ' ' || hex(gid), rev from denk_rows
