-- Tables and views of users, without our own, in order of name; result: name.
select name
from pragma_table_list
where schema = 'main' and type in ('table', 'view', 'virtual') and substr(name, 1, 7) <> 'sqlite_' and name not in ('denk_journal', 'denk_own')
order by name collate binary
