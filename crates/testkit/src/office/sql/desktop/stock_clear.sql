-- All stock of a region (parameters: :region).
delete from stock_inventory where bolge = :region
