-- What every statement of denk's relies on: standard NULLs, no silent cutting, quoted names, one date format; an error
-- ends its statement and leaves the transaction to denk; a lock is waited for at most 30 seconds.
set ansi_nulls, ansi_padding, ansi_warnings, arithabort, quoted_identifier, concat_null_yields_null on;
set ansi_null_dflt_on on;
set numeric_roundabort off;
set xact_abort off;
set implicit_transactions off;
set cursor_close_on_commit off;
set nocount off;
set language us_english;
set dateformat ymd;
set textsize 2147483647;
set lock_timeout 30000;
set transaction isolation level read committed;
