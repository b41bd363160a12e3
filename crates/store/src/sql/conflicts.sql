-- How many conflicts there are (parameters: none; result: region (NULL: the row says none), state, number).
select region, state, count(*) as number from denk_conflicts group by region, state
