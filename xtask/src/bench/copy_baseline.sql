-- The rows to copy (goods) and an empty table of the same shape to copy them into (baseline). No parameters, no result.
create table goods (
    id         bigint primary key,
    code       text not null,
    name       text not null,
    brand      text not null,
    price      numeric(18, 4) not null,
    weight     double precision not null,
    stock      integer not null,
    changed_at timestamp not null,
    note       text
);

insert into goods
select n,
       'KOD-' || lpad(n::text, 8, '0'),
       'Ürün ' || n || ' çok iyi, ığüşöçİ',
       'Marka ' || n % 100,
       (n % 100000) * 1.2345,
       n / 7.0,
       n % 1000,
       timestamp '2020-01-01 00:00:00' + n * interval '1 minute',
       case when n % 4 = 0 then 'not ' || n end
from generate_series(1, 1000000) as n;

create table baseline (like goods including all);
