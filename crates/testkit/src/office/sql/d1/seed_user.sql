-- One default user, at every start (parameters: :username, :hash, :role, :region; result: the user, if there was none
-- of that name; if there was, a number of the table's sequence is used up all the same).
insert or ignore into users (username, password_hash, role, region) values (:username, :hash, :role, :region)
