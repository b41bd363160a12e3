-- The history in the order in which it came, then the conflicts (parameters: none; result: a change a line).
select line from (
    select rev as place, rev || ' site ' || site || ' ' || action || ' ' || lower(cast(gid as text)) || ' ' || coalesce(after, '') as line
    from denk_log
    union all
    select 1000000000 + id, 'conflict ' || coalesce(column_name, 'row') || ': ' || coalesce(winner, '') || ' stands, ' || coalesce(loser, '') || ' does not'
    from denk_conflicts
) order by place
