-- Body of a table's trigger function. {journal}, {schema_name}, {table_name} as literals, {old} and {new} key.
/* denk journal, version 1 */
declare
    gone jsonb;
    come jsonb;
begin
    if tg_op = 'TRUNCATE' then
        insert into {journal} (schema_name, table_name, operation, key)
        values ({schema_name}, {table_name}, 'T', '[]');
        return null;
    end if;
    if tg_op <> 'INSERT' then
        gone := jsonb_build_array({old});
    end if;
    if tg_op <> 'DELETE' then
        come := jsonb_build_array({new});
    end if;
    if gone = come then
        insert into {journal} (schema_name, table_name, operation, key)
        values ({schema_name}, {table_name}, 'U', come);
        return null;
    end if;
    if gone is not null then
        insert into {journal} (schema_name, table_name, operation, key)
        values ({schema_name}, {table_name}, 'D', gone);
    end if;
    if come is not null then
        insert into {journal} (schema_name, table_name, operation, key)
        values ({schema_name}, {table_name}, 'I', come);
    end if;
    return null;
end
