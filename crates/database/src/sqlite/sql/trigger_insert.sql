-- Notes the key of each row that comes. {trigger}, {table}, {table_text}, {columns}, {new}.
create trigger {trigger} after insert on {table} when not exists (select 1 from denk_own) begin
insert into denk_journal (table_name, operation, at, {columns}) values ({table_text}, 'I', strftime('%Y-%m-%d %H:%M:%f', 'now'), {new});
end
