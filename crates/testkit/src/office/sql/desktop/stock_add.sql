-- One serial number of an upload (parameters: :code, :name, :serial, :today, :region, :utc). The last is what the
-- columns' default CURRENT_TIMESTAMP says at that moment.
insert into stock_inventory
    (stok_kod, stok_adi, seri_no, durum, tarih, girdi_yapan, bolge, adet, created_at, updated_at)
values (:code, :name, :serial, 'OK', :today, 'system', :region, 1, :utc, :utc)
