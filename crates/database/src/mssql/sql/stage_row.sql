-- {columns}, {values}: parameters. One row with a cell too large for a bulk load.
insert into #denk_stage ({columns}) values ({values});
