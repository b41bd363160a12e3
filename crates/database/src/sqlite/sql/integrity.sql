-- Checks trees, indexes and constraints of the whole file; result: `ok`, or the first thing found.
pragma main.integrity_check(1)
