-- The numbers of the history (parameters: none; result: how many lines, the highest number).
select count(*), coalesce(max(rev), 0) from denk_log
