-- Everything that a hub remembers (parameters: none; result: texts in which words stand between quotes).
select coalesce(before, '') || coalesce(after, '') from denk_log
union select coalesce(winner, '') || coalesce(loser, '') from denk_conflicts
