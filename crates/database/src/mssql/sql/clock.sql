-- One row: the server's time in UTC.
select sysutcdatetime()
