//! Small files like those of offices, and some that no office has.

use super::Lab;

const PEOPLE: &str = "
create table employees (id integer primary key autoincrement, full_name text not null, identity_no text, department text, title text, region text default 'Ankara');
create table timesheets (id integer primary key autoincrement, employee_id integer not null, work_date text not null, start_time text not null, end_time text not null, break_minutes integer not null default 0, is_special integer not null default 0, notes text, region text default 'Ankara', foreign key (employee_id) references employees (id) on delete cascade);
create table settings (key text primary key, value text not null);
create table users (id integer primary key, username text not null unique, role text not null);
create table stock_inventory (id integer primary key, seri_no text not null unique, bolge text not null, adet integer, created_at timestamp default current_timestamp, updated_at timestamp default (datetime('now')));
insert into stock_inventory (seri_no, bolge, adet) values ('S-1', 'Ankara', 1), ('S-2', 'Bursa', null);
insert into settings values ('company_name', 'Örnek Ltd'), ('sync_enabled', '1'), ('theme', 'gece');
insert into users (username, role) values ('ankara1', 'user'), ('admin', 'admin');
with recursive n (i) as (select 1 union all select i + 1 from n where i < 30)
insert into employees (full_name, identity_no, department) select 'Çalışan ' || i, printf('%011d', i), case i % 3 when 0 then null else 'Saha' end from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 90)
insert into timesheets (employee_id, work_date, start_time, end_time, notes) select 1 + i % 30, date('2026-01-01', i || ' days'), '09:00', '18:00', case when i % 7 = 0 then 'yağmurlu gün' end from n;
delete from timesheets where id between 20 and 35;
";

const BLOBS: &str = "
create table pictures (id integer primary key, name text, data blob, size real);
create index by_name on pictures (name);
with recursive n (i) as (select 1 union all select i + 1 from n where i < 12)
insert into pictures select i * 5, 'resim ' || i, randomblob(i * 211), i / 3.0 from n;
delete from pictures where id in (10, 50);
create table odd (a, b int, c real, d text, e blob);
insert into odd values (null, 9223372036854775807, 5, 12, x''), (1.5, 'x', 'y', x'00ff', 'text'), ('', -1, -0.5, cast(x'610062' as text), 1e300);
";

const CUNNING: &str = "
create table goods (id integer primary key, code text unique collate nocase, price real check (price >= 0 and length(hex(zeroblob(1000))) > price), cents integer generated always as (price * 100) stored);
create index by_price on goods (price) where price > 10;
create index by_half on goods (price / 2);
create table pairs (a text, b integer, c, primary key (b, a)) without rowid;
create table \"a \"\"quoted\"\" name\" (\"rowid\" text, \"select\" int, \"\u{131}\" blob);
create view employees as with recursive n (i) as (select 1 union all select i + 1 from n) select * from n;
create trigger spread after insert on pairs begin insert into pairs values (new.a || 'x', new.b + 1, new.c); end;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 25)
insert into goods (code, price) select 'ürün-' || i, i * 1.25 from n;
insert into pairs values ('k', 1, null), ('l', 2, x'01');
insert into \"a \"\"quoted\"\" name\" values ('7', 7, x'07'), (null, null, null);
analyze;
";

const VIRTUAL: &str = "
create table plain (a, b); insert into plain values (1, 2), ('x', 'y');
create virtual table search using fts5 (title, body);
insert into search values ('başlık', 'gövde'), ('second', 'text of it');
create virtual table boxes using rtree (id, x0, x1);
insert into boxes values (1, 0, 1);
";

/// Bytes of the files, each also in an odd form (page size, vacuum mode).
pub fn files() -> Vec<Vec<u8>> {
    let make = |settings: &str, sql: &str| Lab::new(&format!("{settings}; {sql}")).bytes();
    vec![
        make("pragma page_size = 512", PEOPLE),
        make("pragma page_size = 1024; pragma auto_vacuum = full", PEOPLE),
        make("pragma page_size = 512", BLOBS),
        make("pragma page_size = 4096; pragma auto_vacuum = incremental", BLOBS),
        make("pragma page_size = 512", CUNNING),
        make("pragma page_size = 1024", CUNNING),
        make("pragma page_size = 512", VIRTUAL),
    ]
}
