create table numbered (
  id int identity(1,1) primary key,
  name nvarchar(100),
  doubled as (id * 2),
  state nvarchar(20) not null default 'new'
)
