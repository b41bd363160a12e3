create table customers (
  id integer primary key autoincrement,
  code varchar(25) not null unique,
  name text,
  balance numeric(18,4) not null default 0,
  state varchar(20) default 'new',
  parent_id integer references customers (id),
  doubled generated always as (balance * 2) virtual
)
go
create unique index customers_name on customers (name, state)
go
create unique index customers_root on customers (balance) where parent_id is null
go
create table orders (
  no integer not null,
  region varchar(20) not null,
  customer_id integer not null references customers (id),
  primary key (region, no)
)
go
create table order_lines (
  region varchar(20) not null,
  order_no integer not null,
  line integer not null,
  primary key (region, order_no, line),
  foreign key (region, order_no) references orders (region, no)
)
go
create table notes (body text)
go
create trigger orders_noted after insert on orders begin insert into notes values (new.region); end
go
create view open_orders as select region, no from orders
