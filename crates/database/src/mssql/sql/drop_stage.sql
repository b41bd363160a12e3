-- The temporary table is not needed any more.
drop table #denk_stage;
