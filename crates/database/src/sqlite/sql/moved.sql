-- Whether a key column changed. {name}
old.{name} is not new.{name} collate binary
