-- Stock without ids (parameters: none; result: one text a row).
select concat_ws('|', stok_kod, seri_no, durum, bolge) from stock_inventory
