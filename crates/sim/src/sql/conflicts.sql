-- Both sides of every conflict about a column (parameters: none; result: table, column, value as JSON).
select table_name, column_name, winner from denk_conflicts where column_name is not null and winner is not null
union all
select table_name, column_name, loser from denk_conflicts where column_name is not null and loser is not null
