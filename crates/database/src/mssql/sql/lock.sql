-- @P1 name, @P2 milliseconds to wait. One row: what sp_getapplock says (0 and above: taken; -1 time out; -3 deadlock).
declare @name nvarchar(255), @got int;
set @name = cast(@P1 as nvarchar(255));
exec @got = sp_getapplock @Resource = @name, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = @P2;
select @got;
