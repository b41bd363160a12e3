-- What the log-in dialog compares with (parameters: :username; result: password_hash, region).
select password_hash, region from users where username = :username
