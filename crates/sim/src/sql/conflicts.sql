-- Conflicts after one (parameters: its number; result: both sides as JSON, in order).
select id, hex(gid) as gid, column_name, winner, loser from denk_conflicts where id > ?1 order by id
