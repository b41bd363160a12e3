-- Notes the key of each row that a REPLACE may put aside for the one that comes, which no other trigger tells. {trigger},
-- {table}, {table_text}, {columns}, {there}: its key, {clash}: it has the same in a unique constraint.
create trigger {trigger} before insert on {table} when not exists (select 1 from denk_own) begin
insert into denk_journal (table_name, operation, at, {columns}) select {table_text}, 'U', strftime('%Y-%m-%d %H:%M:%f', 'now'), {there} from {table} as s where {clash};
end
