//! Products with their quantities, prices, descriptions, pictures and listings.

use super::World;
use super::cell::{Cells, cells};
use super::words;
use crate::random::Rng;

/// A product; the same number is always the same one, in every file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    pub index: u64,
    pub id: i64,
}

impl Product {
    /// The product that a new file holds at `index`; two of three ids were deleted in the years before.
    pub fn of(index: u64) -> Self {
        Self { index, id: index as i64 * 3 + 1 }
    }

    /// **Invariants**: no two products share a code, not even after trimming.
    pub fn code(&self) -> String {
        let number = self.index;
        match number % 40 {
            0 => format!("TB-{number:06} "),
            7 | 23 => format!("ÇD {number:06}/B"),
            11 => format!("Işık Şekerlik {number:06}"),
            19 => format!("{number:06}/ğüö-İ  "),
            31 => format!("K {number:06}"),
            _ => format!("STK-{number:06}"),
        }
    }

    pub fn name(&self) -> String {
        let mut rng = Rng::of(0, "product", self.index);
        format!("Örnek {} {}", words::ware(&mut rng), self.index)
    }

    /// Twelve digits that begin with 2: shops give those themselves.
    pub fn barcode(&self) -> String {
        format!("200{:09}", self.index)
    }

    fn description(&self, world: &World) -> String {
        words::html(&mut world.rng("description", self.index), &self.name())
    }
}

/// A row of `product`.
pub(super) fn product(world: &World, product: Product) -> Cells {
    let mut rng = world.rng("product", product.index);
    let mut row = naming(world, product, &mut rng);
    row.extend(trade(world, &mut rng));
    row.extend(history(world, product, &mut rng));
    row
}

fn naming(world: &World, product: Product, rng: &mut Rng) -> Cells {
    cells! {
        "id": product.id,
        "productName": product.name(),
        "productCode": product.code(),
        "barcode": if rng.percent(90) { product.barcode() } else { String::new() },
        "description": rng.percent(95).then(|| product.description(world)),
        "productSubName": if rng.percent(30) { product.name() } else { String::new() },
        "invoice_name": product.name(),
        "hb_product_url": rng.percent(40).then(|| format!("https://pazar.example/p/{}", product.id)),
        "trendyol_product_url": rng.percent(60).then(|| format!("https://pazar.example/t/{}", product.id)),
        "hb_sku": rng.percent(40).then(|| format!("HBV{}", words::code(rng, 11))),
    }
}

fn trade(world: &World, rng: &mut Rng) -> Cells {
    let price = words::price(rng);
    cells! {
        "group": 1 + rng.below(world.size.categories),
        "category2": rng.below(world.size.store_categories),
        "brand_id": 1 + rng.below(world.size.brands),
        "status": rng.percent(90),
        "sort_order": rng.between(0, 100),
        "supplier": if rng.percent(80) { "Mikro Stok XML" } else { "" },
        "currencyType": "TL",
        "kdv_id": rng.one_of(&[20, 20, 10, 1i64]),
        "birimi": "Adet",
        "main_product": 0i64,
        "send_trendyol": rng.percent(80),
        "send_hb": rng.percent(60),
        "send_n11": rng.percent(50),
        "desi": rng.between(1, 300) as f64 / 7.0,
        "xml_price": words::net(price, 20),
        "trendyol_category": rng.percent(80).then(|| rng.between(100, 9_999).to_string()),
        "trendyol_commission": rng.between(8, 22) as f64,
    }
}

fn history(world: &World, product: Product, rng: &mut Rng) -> Cells {
    let added = world.when(product.index, world.size.products);
    let changed = world.after(rng, added);
    cells! {
        "date_start": rng.percent(60).then(|| added.date()),
        "date_end": rng.percent(10).then(|| world.size.now.date()),
        "date_add": added,
        "date_change": rng.percent(92).then_some(changed),
        "sync_date": rng.percent(70).then_some(changed),
        " birvbiry_sync_date": rng.percent(30).then_some(changed),
        "user_aded": "kullanici1",
    }
}

/// The product that row `index` of quantities or prices belongs to, and its variant (0: the product itself).
pub(super) fn owner(world: &World, index: u64) -> (Product, u64) {
    let products = world.size.products;
    (Product::of(index % products), index / products * (900 + index))
}

/// A row of `product_quantity`; one in twenty-five is oversold.
pub(super) fn quantity(world: &World, id: i64, product: Product, variant: u64) -> Cells {
    let mut rng = world.rng("product_quantity", id as u64);
    let quantity = match rng.below(100) {
        0..4 => -rng.between(1, 6),
        4..30 => 0,
        _ => rng.between(1, 400),
    };
    cells! {
        "id": id,
        "product_id": product.id,
        "product_option_value_id": variant,
        "store_id": 0i64,
        "supplier": if rng.percent(90) { "Mikro Stok XML" } else { "" },
        "quantity": quantity as f64,
    }
}

/// A row of `product_prices`.
pub(super) fn prices(world: &World, id: i64, product: Product, variant: u64) -> Cells {
    let mut rng = world.rng("product_prices", id as u64);
    let price = words::price(&mut rng);
    cells! {
        "id": id,
        "product_id": product.id,
        "product_option_value_id": variant,
        "store_id": 0i64,
        "supplier": "",
        "price1": words::net(price, 20),
        "price2": price,
        "n11_price": price * 1.11,
        "hb_price": price * 1.17,
        "trendyol_listPrice": price * 1.3,
        "trendyol_salePrice": price * 1.13,
        "eptt_price": price * 1.09,
        "pazarama_salePrice": price * 1.12,
        "idefix_satis_fiyati": price * 1.15,
        "buying_price": price / 1.7,
    }
}

/// A row of `product_description`.
pub(super) fn description(world: &World, id: i64, product: Product) -> Cells {
    let mut rng = world.rng("product_description", id as u64);
    cells! {
        "id": id,
        "product_id": product.id,
        "description": product.description(world),
        "description1": rng.percent(10).then(|| words::html(&mut rng, "Ek bilgi")),
        "description2": "",
        "sync_ai": 1i64,
    }
}

/// A row of `product_info`, what a marketplace says of a listing; every ninety-seventh is said twice, word
/// for word.
pub(super) fn info(world: &World, index: u64) -> Cells {
    let index = if index % 97 == 96 { index - 1 } else { index };
    let mut rng = world.rng("product_info", index);
    let product = Product::of(rng.below(world.size.products));
    let (_, supplier) = rng.one_of(&words::MARKETPLACES);
    let price = words::price(&mut rng);
    cells! {
        "id": format!("{}-{index}", supplier.to_uppercase()),
        "mainId": rng.percent(50).then(|| rng.between(10_000, 99_999).to_string()),
        "productMainCode": product.code(),
        "productCode": product.code(),
        "main": rng.percent(80),
        "productName": product.name(),
        "quantity": rng.between(-2, 300),
        "currencyType": "TL",
        "listPrice": price * 1.3,
        "salePrice": price,
        "barcode": product.barcode(),
        "catalogId": words::code(&mut rng, 8),
        "category": rng.one_of(&["Mutfak", "Ev Gereçleri", "Züccaciye", ""]),
        "status": rng.percent(90),
        "supplier": supplier,
        "check": rng.percent(5).then_some(1i64),
        "dt": rng.percent(94).then(|| world.some_day(&mut rng)),
        "product_id": if rng.percent(90) { product.id } else { 0 },
    }
}

/// A row of `pictures`.
pub(super) fn picture(world: &World, index: u64, id: i64) -> Cells {
    let mut rng = world.rng("pictures", index);
    let product = Product::of(index % world.size.products);
    let place = index / world.size.products % 10;
    cells! {
        "id": id,
        "product_id": product.id,
        "path": format!("resimler/{:05}/{id}.jpg", product.index),
        "default": place == 0,
        "sync": rng.percent(90).then_some(1i64),
        "path2": "",
        "filesize": rng.between(8_000, 900_000),
        "supplier": rng.one_of(&["trendyol", "", "Mikro Stok XML"]),
        "url": format!("https://resim.example/{:05}/{id}.jpg", product.index),
        "downloaded": rng.percent(80),
        "sort_order": place,
        "filemd5": rng.percent(80).then(|| words::code(&mut rng, 12)),
    }
}
