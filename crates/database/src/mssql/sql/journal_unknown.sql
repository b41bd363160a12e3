-- {journal}, {numbers}, {tables}, {schema}, {name}. Strikes the table off; after the last one nothing is left.
delete from {tables} where table_schema = N{schema} and table_name = N{name};
if not exists (select 1 from {tables})
begin
    drop table {tables};
    if object_id({journal_text}) is not null drop table {journal};
    if object_id({numbers_text}) is not null drop sequence {numbers};
end
