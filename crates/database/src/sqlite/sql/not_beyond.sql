-- Rows that do not lie after a key; NULL, which compares with nothing, lies before. {beyond}
({beyond}) is not true
