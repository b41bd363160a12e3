-- {columns}: c1, c2, ... in the types and collations of {table}. An empty temporary table.
if object_id('tempdb..#denk_stage') is not null drop table #denk_stage;
select top (0) {columns}, cast(null as tinyint) as state into #denk_stage from {table} as t;
