-- Notes the key of each row that goes. {trigger}, {table}, {table_text}, {columns}, {old}.
create trigger {trigger} after delete on {table} when not exists (select 1 from denk_own) begin
insert into denk_journal (table_name, operation, at, {columns}) values ({table_text}, 'D', strftime('%Y-%m-%d %H:%M:%f', 'now'), {old});
end
