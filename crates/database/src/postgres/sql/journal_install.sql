-- {journal}, {function}, {body} as a literal, {table}, {arguments}: names of the key's columns, {schema_name} and
-- {table_name} as literals. The function runs with the rights of who installs it: users need none on the journal.
create table if not exists {journal} (
    id bigint generated always as identity primary key,
    schema_name text not null,
    table_name text not null,
    operation char(1) not null,
    key jsonb not null,
    at timestamptz not null default now()
);
create or replace function {function}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as {body};
drop trigger if exists denk_journal_rows on {table};
drop trigger if exists denk_journal_truncate on {table};
create trigger denk_journal_rows after insert or update or delete on {table}
for each row when (pg_catalog.current_setting('denk.own', true) is distinct from '1')
execute function {function}({arguments});
create trigger denk_journal_truncate after truncate on {table}
for each statement when (pg_catalog.current_setting('denk.own', true) is distinct from '1')
execute function {function}();
delete from {journal} where operation = 'T' and schema_name = {schema_name} and table_name = {table_name}
