-- Made-up rows for `denk demo`: goods, customers and orders of a small shop. No parameters.
insert into order_status (id, name) values (1, 'Yeni sipariş'), (2, 'Onaylandı'), (3, 'Hazırlanıyor'), (4, 'Kargoda'), (5, 'Teslim edildi'), (9, 'İptal');
insert into brand (id, name, status) values (1, 'Çınar', 1), (2, 'Öz Yıldız', 1), (3, 'Şimşek', 1);
insert into category (id, name, status, parent_id) values (1, 'Kırtasiye', 1, 0), (2, 'Hırdavat', 1, 0), (3, 'Çiviler', 1, 2);
insert into category2 (id, name, category_id) values (1, 'Ofis ürünleri', 1);
insert into message_template (id, name, detail) values (1, 'Teşekkür', 'Siparişiniz için teşekkür ederiz.');

with recursive n(n) as (select 1 union all select n + 1 from n where n < 120)
insert into product (id, productName, productCode, "group", status, brand_id, currencyType, description, date_add, date_change, kdv_id)
select n, 'Ürün ' || n || ' ığüşöçİ', 'ÜRN/' || printf('%03d', n), 1 + n % 3, 1, 1 + n % 3, 'TL', '<p>Ürün ' || n || '</p>',
       datetime('2025-01-01 08:00:00', n || ' hours'), datetime('2026-04-01 09:00:00', n || ' minutes'), 20
from n;

insert into product_quantity (id, product_id, store_id, supplier, quantity) select id, id, 0, 'Depo', (id * 7) % 40 - 2 from product;
insert into product_prices (id, product_id, store_id, price1, n11_price, trendyol_salePrice) select id, id, 0, id * 1.25, id * 1.3, id * 1.35 from product;
insert into product_description (id, product_id, description) select id, id, 'Açıklama ' || id from product;
insert into pictures (id, product_id, path, url, sort_order) select id, id, 'resimler/' || id || '.jpg', 'https://magaza.example/' || id || '.jpg', 0 from product;
insert into product_info (id, productCode, quantity, listPrice, salePrice, supplier, dt, product_id)
select 'HB-' || id, productCode, 5, id * 1.5, id * 1.4, 'Hepsiburada', '2026-04-01 10:00:00', id from product;
insert into product_info select * from product_info where product_id = 7;

with recursive n(n) as (select 1 union all select n + 1 from n where n < 150)
insert into customer (id, code, firstname, lastname, email, invoice_city, date_add)
select n, 'M-' || n, 'Müşteri', 'Soyadı ' || n, 'musteri' || n || '@ornek.example', case n % 3 when 0 then 'İzmir' when 1 then 'Ankara' else 'Iğdır' end,
       datetime('2025-06-01 10:00:00', n || ' hours')
from n;

with recursive n(n) as (select 1 union all select n + 1 from n where n < 400)
insert into "order" (id, no, datetime, entegration, status, customer_id, firstname, lastname, total, discount, invoice_print, supplier, order_number, date_add, date_change)
select n, 'S-' || n, datetime('2026-01-01 09:00:00', n || ' hours'), case n % 3 when 0 then 'Trendyol' when 1 then 'N11' else 'Çiçeksepeti' end,
       case when n % 30 = 0 then '9' else '4' end, 1 + n % 150, 'Müşteri', 'Soyadı ' || (1 + n % 150), n * 3.3, case when n % 50 = 0 then '' else 0.5 end, 0,
       'Pazaryeri', 'PZ' || (100000 + n), datetime('2026-01-01 09:00:00', n || ' hours'), datetime('2026-01-02 09:00:00', n || ' hours')
from n;

insert into order_product (order_product_id, order_id, product_id, name, quantity, price, total)
select id, id, 1 + id % 120, 'Ürün ' || (1 + id % 120), 1 + id % 4, 3.3, 3.3 * (1 + id % 4) from "order";
insert into messages (id, "from", "to", subject, message, date, supplier) values (1, 'Müşteri 3', 'Mağaza', 'Kargo', 'Siparişim nerede?', '2026-04-02 11:00:00', 'Trendyol');
