-- Forgets the name again.
drop view temp.denk_query
