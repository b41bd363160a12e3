-- Notes the key of each row that changes but for its key. {trigger}, {table}, {table_text}, {columns}, {new}, {moved}.
create trigger {trigger} after update on {table} when not ({moved}) and not exists (select 1 from denk_own) begin
insert into denk_journal (table_name, operation, at, {columns}) values ({table_text}, 'U', strftime('%Y-%m-%d %H:%M:%f', 'now'), {new});
end
