-- Empties the notes of one table; parameter: its name.
update denk_journal
set table_name = null, operation = null, k1 = null, k2 = null, k3 = null, k4 = null, k5 = null, k6 = null, k7 = null, k8 = null
where table_name = ?1 collate nocase
