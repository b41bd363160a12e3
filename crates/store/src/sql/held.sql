-- How many batches were held (parameters: none; result: state, number).
select state, count(*) as number from denk_held group by state
