-- @P1 a query of the user's, which is not run. One row a column: name, system_type_name, max_length, ... by name.
exec sp_describe_first_result_set @tsql = @P1
