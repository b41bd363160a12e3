-- {table}, {matching} rows, {differs}. Marks each staged row: 1 the same, 2 different, NULL missing. One row: present, different.
update s set state = case when {differs} then 2 else 1 end
from #denk_stage as s
inner join {table} as t on {matching};
select cast(count(state) as bigint), cast(count(case when state = 2 then 1 end) as bigint) from #denk_stage;
