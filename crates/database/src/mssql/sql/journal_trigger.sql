-- {trigger} on {table}; {journal}; {schema_text}, {table_text}, {letters} of the key's kinds; {places} in the journal for the {old} and {new} key;
-- {matching} when the key is the same. A changed key is a delete and an insert.
create trigger {trigger} on {table} after insert, update, delete as
begin
    set nocount on;
    set rowcount 0;
    if substring(context_info(), 1, 4) = 0x64656e6b return;
    if not exists (select 1 from inserted) and not exists (select 1 from deleted) return;
    insert into {journal} (table_schema, table_name, operation, kinds, {places})
    select N{schema_text}, N{table_text}, N'D', N{letters}, {old}
    from deleted as d
    where not exists (select 1 from inserted as i where {matching});
    insert into {journal} (table_schema, table_name, operation, kinds, {places})
    select N{schema_text}, N{table_text}, case when exists (select 1 from deleted as d where {matching}) then N'U' else N'I' end,
           N{letters}, {new}
    from inserted as i
end
