-- Whether any table still has triggers of ours; parameter: what their names begin with.
select exists (select 1 from sqlite_schema where type = 'trigger' and substr(name, 1, length(?1)) = ?1)
