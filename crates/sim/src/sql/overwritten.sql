-- Whether a word took the place of another one in the history, while no conflict has the latter (parameters: the new word,
-- the other one, as they stand in a row's text; result: how many).
select count(*) from denk_log
where instr(after, ?1) > 0 and instr(before, ?2) > 0
and not exists (select 1 from denk_conflicts where instr(coalesce(winner, '') || coalesce(loser, ''), ?2) > 0)
