-- What changed after a change (parameters: its number; result: a line a row, in order).
select rev, hex(gid) as gid, table_name, site, stamp, action, "before", "after"
from denk_log where rev > ?1 order by rev, gid
