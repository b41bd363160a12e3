-- The five users of a live file; hundreds of starts have used up numbers of their sequence (parameters: none).
insert into users (username, password_hash, role, region)
select username, prefixed, role, region from staged.users order by rowid;
update sqlite_sequence set seq = (select users_sequence from staged.facts) where name = 'users';
