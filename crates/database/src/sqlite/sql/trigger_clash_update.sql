-- As for a row that comes, for one that changes. {trigger}, {table}, {table_text}, {columns}, {there}, {clash}, {changed}:
-- the columns of the unique constraint.
create trigger {trigger} before update on {table} when ({changed}) and not exists (select 1 from denk_own) begin
insert into denk_journal (table_name, operation, at, {columns}) select {table_text}, 'U', strftime('%Y-%m-%d %H:%M:%f', 'now'), {there} from {table} as s where {clash};
end
