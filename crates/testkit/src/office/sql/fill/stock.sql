-- The stock (parameters: none).
insert into stock_inventory
    (id, stok_kod, stok_adi, seri_no, durum, tarih, girdi_yapan, bolge, adet, created_at, updated_at)
select id, stok_kod, stok_adi, seri_no, durum, tarih, girdi_yapan, bolge, adet, created_at, updated_at
from staged.stock order by id;
