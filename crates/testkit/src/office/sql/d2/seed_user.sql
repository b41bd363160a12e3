-- One default user (parameters: :username, :hash, :role, :region).
insert into users (username, password_hash, role, region) values (:username, :hash, :role, :region)
