-- A made-up day's work for `denk demo`. No parameters.
insert into "order" (id, no, datetime, entegration, status, customer_id, firstname, lastname, total, invoice_print, date_add, date_change)
values (401, 'S-401', '2026-04-03 09:00:00', 'Trendyol', '1', 3, 'Müşteri', 'Soyadı 3', 12.5, 0, '2026-04-03 09:00:00', '2026-04-03 09:00:00'),
       (402, 'S-402', '2026-04-03 09:30:00', 'Pazarama', '1', 4, 'Müşteri', 'Soyadı 4', 99.9, 0, '2026-04-03 09:30:00', '2026-04-03 09:30:00');
insert into order_product (order_product_id, order_id, product_id, name, quantity, price, total) values (401, 401, 5, 'Ürün 5', 1, 12.5, 12.5), (402, 402, 6, 'Ürün 6', 3, 33.3, 99.9);
update "order" set status = '9' where id = 250;
update order_product set quantity = 9 where order_product_id = 17;
update product_quantity set quantity = quantity - 1 where product_id in (5, 6, 17);
update product_prices set price1 = 19.99 where product_id = 20;
insert into delete_product (id, product_id, supplier, date_add, sync) values (1, 99, 'trendyol', '2026-04-03 10:00:00', 0);
delete from pictures where product_id = 99;
update "order" set customer_id = 'M-17' where id = 3;
