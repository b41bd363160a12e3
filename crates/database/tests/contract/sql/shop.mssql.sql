create table customers (
  id int identity(1,1) primary key,
  code nvarchar(25) not null unique,
  name nvarchar(100),
  balance numeric(18,4) not null default 0,
  state nvarchar(20) default 'new',
  parent_id int references customers (id),
  doubled as (balance * 2)
)
go
create unique index customers_name on customers (name, state)
go
create unique index customers_root on customers (balance) where parent_id is null
go
create table orders (
  no int not null,
  region nvarchar(20) not null,
  customer_id int not null references customers (id),
  primary key (region, no)
)
go
create table order_lines (
  region nvarchar(20) not null,
  order_no int not null,
  line int not null,
  primary key (region, order_no, line),
  foreign key (region, order_no) references orders (region, no)
)
go
create table notes (body nvarchar(200))
go
create trigger orders_noted on orders after insert as insert into notes select region from inserted
go
create view open_orders as select region, no from orders
