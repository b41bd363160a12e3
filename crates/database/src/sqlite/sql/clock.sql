-- The clock of the machine, in UTC; result: text.
select strftime('%Y-%m-%d %H:%M:%f', 'now')
