-- Notes both keys of each row whose key changes. {trigger}, {table}, {table_text}, {columns}, {old}, {new}, {moved}.
create trigger {trigger} after update on {table} when ({moved}) and not exists (select 1 from denk_own) begin
insert into denk_journal (table_name, operation, at, {columns}) values ({table_text}, 'D', strftime('%Y-%m-%d %H:%M:%f', 'now'), {old});
insert into denk_journal (table_name, operation, at, {columns}) values ({table_text}, 'I', strftime('%Y-%m-%d %H:%M:%f', 'now'), {new});
end
