-- Settings of every session, so that nothing depends on what a role or database has set.
-- {patience}: milliseconds to wait for others' locks.
-- jit: compiling the comparison of a wide table takes longer than running it.
set timezone = 'UTC';
set datestyle = 'ISO';
set intervalstyle = 'postgres';
set extra_float_digits = 3;
set bytea_output = 'hex';
set standard_conforming_strings = on;
set client_min_messages = warning;
set lock_timeout = {patience};
set jit = off
