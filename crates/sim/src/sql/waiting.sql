-- Files that wait for a person (parameters: none; result: by what their uploads are found).
select upload from denk_held where state = 'waiting'
