-- The users of a file (parameters: none; result: a user a line).
select username || ' ' || password_hash || ' ' || region from users
