//! Orders, their lines and the names of their states.

use std::ops::Range;

use rusqlite::types::Value;

use super::World;
use super::catalogue::Product;
use super::cell::{Cells, IntoCell, cells};
use super::moment::{DAY, HOUR, Moment};
use super::people::Person;
use super::words;
use crate::random::Rng;

/// The text in `order.status` that means the buyer or the shop called it off.
const CANCELLED: &str = "9";

const STATUSES: [&str; 18] = [
    "Yeni Sipariş",
    "Onaylandı",
    "Hazırlanıyor",
    "Kargoya Verildi",
    "Teslim Edildi",
    "Tamamlandı",
    "İade Talebi",
    "İade Edildi",
    "İptal Edildi",
    "Ödeme Bekliyor",
    "Tedarik Ediliyor",
    "Kısmi Gönderildi",
    "Teslim Edilemedi",
    "Değişim",
    "Faturalandı",
    "Paketlendi",
    "Kargo Bekliyor",
    "Arşiv",
];

/// The orders' lines as the generator deals them out: line numbers of order `index` when `lines` belong to
/// `orders`, in order.
pub(super) fn lines_of(index: u64, lines: u64, orders: u64) -> Range<u64> {
    (index * lines / orders)..((index + 1) * lines / orders)
}

/// A row of `order_status`.
pub(super) fn status(index: u64) -> Cells {
    let name = STATUSES[index as usize % STATUSES.len()];
    cells! { "id": index + 1, "name": name }
}

/// Where an order was placed; its lines know it too.
fn marketplace(order_id: i64) -> (&'static str, &'static str) {
    Rng::of(0, "marketplace", order_id as u64).one_of(&words::MARKETPLACES)
}

/// What is sold in one order line; the same number under the same seed is always the same.
pub(super) struct Line {
    product: Product,
    quantity: i64,
    /// **Units**: TL per piece, tax included.
    gross: f64,
    tax_percent: i64,
}

impl Line {
    pub fn of(world: &World, index: u64) -> Self {
        let mut rng = world.rng("line", index);
        let product = Product::of(rng.below(world.size.products));
        let quantity = 1 + rng.below(12).saturating_sub(8) as i64;
        let gross = words::price(&mut rng);
        Self { product, quantity, gross, tax_percent: rng.one_of(&[20, 20, 10, 1]) }
    }

    fn total(&self) -> f64 {
        self.gross * self.quantity as f64
    }

    fn net(&self) -> f64 {
        words::net(self.gross, self.tax_percent)
    }
}

/// A row of `order_product`.
pub(super) fn line(world: &World, index: u64, id: i64, order_id: i64) -> Cells {
    let line = Line::of(world, index);
    let mut rng = world.rng("order_product", index);
    let mut row = cells! { "order_product_id": id, "order_id": order_id };
    row.extend(ware(&line, order_id, &mut rng));
    row.extend(amounts(&line, &mut rng));
    row
}

fn ware(line: &Line, order_id: i64, rng: &mut Rng) -> Cells {
    let (_, supplier) = marketplace(order_id);
    // A ware the marketplace knows and the shop does not.
    let known = !rng.percent(2);
    cells! {
        "product_id": known.then_some(line.product.id),
        "name": line.product.name(),
        "model": line.product.code(),
        "status": "Approved",
        "store_stock_code": line.product.code(),
        "store_order_status": rng.between(1, 6).to_string(),
        "store_order_status_name": "Delivered",
        "product_option_name": "",
        "product_option_value_name": "",
        "invoice_name": line.product.name(),
        "barcode": line.product.barcode(),
        "supplier": supplier,
        "supplier_id": rng.between(100_000_000, 999_999_999).to_string(),
        "note": rng.percent(4).then(|| words::sentence(rng)),
    }
}

fn amounts(line: &Line, rng: &mut Rng) -> Cells {
    let net = line.net();
    let rate = rng.between(8, 22) as f64 / 100.0;
    cells! {
        "quantity": line.quantity as f64,
        "price": net,
        "total": net * line.quantity as f64,
        "tax": line.gross - net,
        "tax_id": line.tax_percent as f64,
        "sellerdiscount": if rng.percent(10) { Some(words::price(rng) / 10.0) } else { None },
        "malldiscount": if rng.percent(10) { Value::Real(0.0) } else { Value::Null },
        "commission": line.total() * rate,
        "commission_rate": rate * 100.0,
        "currencyType": "TL",
        "priceIncludedTax": line.gross,
        "first_price": line.gross,
        "packet_quantity": 0i64,
        "buying_price": net * 0.6,
    }
}

/// A row of `order`, which has these `lines`.
pub(super) fn order(world: &World, index: u64, id: i64, lines: Range<u64>) -> Cells {
    let mut rng = world.rng("order", index);
    let buyer = Person::of(1 + rng.below(world.size.customers) as i64);
    let mut row = identity(world, index, id, &mut rng);
    row.extend(amounts_of(world, lines, &mut rng));
    row.extend(invoice(world, index, &buyer, &mut rng));
    row.extend(shipping(&buyer, &mut rng));
    row.extend(cargo(world, index, &mut rng));
    row.extend(buyer_of(&buyer));
    row
}

fn identity(world: &World, index: u64, id: i64, rng: &mut Rng) -> Cells {
    let (market, supplier) = marketplace(id);
    let placed = world.when(index, world.size.orders);
    // The program learnt to write its own dates after it already had orders.
    let oldest = index * 20 < world.size.orders;
    let added = (!oldest || rng.percent(50)).then(|| placed.plus(rng.between(10, 900)));
    let changed = (!oldest).then(|| world.after(rng, placed));
    let number = rng.between(1_000_000_000, 9_999_999_999);
    cells! {
        "id": id,
        "no": format!("{}{id:08}", &supplier[..2].to_uppercase()),
        "datetime": placed,
        "entegration": market,
        "status": status_of(world, placed, rng),
        "sync": rng.percent(95),
        "order_number": number.to_string(),
        "supplier": supplier,
        "supplier_id": number.to_string(),
        "supplier_packet_id": rng.between(100_000_000, 999_999_999).to_string(),
        "store_order_status": rng.between(1, 8).to_string(),
        "store_order_status_name": "Delivered",
        "date_add": added,
        "date_change": changed,
        "guid": (id % 3 == 0).then(|| words::code(rng, 12)),
        "note": rng.percent(6).then(|| words::sentence(rng)),
        "shop_id": "",
    }
}

fn status_of(world: &World, placed: Moment, rng: &mut Rng) -> &'static str {
    let fresh = placed > world.size.now.minus(14 * DAY);
    match rng.below(100) {
        0..3 => CANCELLED,
        3..5 => "8",
        _ if fresh => rng.one_of(&["1", "2", "3", "4"]),
        5..12 => "6",
        _ => "5",
    }
}

fn amounts_of(world: &World, lines: Range<u64>, rng: &mut Rng) -> Cells {
    let lines: Vec<Line> = lines.map(|line| Line::of(world, line)).collect();
    let gross: f64 = lines.iter().map(Line::total).sum();
    let net: f64 = lines.iter().map(|line| line.net() * line.quantity as f64).sum();
    cells! {
        "total": net,
        "discount": discount(gross, rng),
        "grand_total": gross,
        "tax": gross - net,
        "total_paid_price": gross,
        "total_commission_include_tax": gross * 0.138,
        "currencyType": "TL",
        "currency_rate": 1.0,
        "eur_rate": 35.0 + rng.between(0, 20_000) as f64 / 1_000.7,
        "usd_rate": 32.0 + rng.between(0, 20_000) as f64 / 1_000.7,
        "total_product": lines.len() as u64,
        "total_product_quantity": lines.iter().map(|line| line.quantity).sum::<i64>(),
        "installment": rng.one_of(&[0, 0, 0, 3, 6i64]),
    }
}

/// A float column that holds an empty text where the marketplace told no discount.
fn discount(gross: f64, rng: &mut Rng) -> Value {
    match rng.below(100) {
        0..2 => "".into_cell(),
        2..6 => Value::Null,
        6..20 => (gross * 0.07).into_cell(),
        _ => 0.0.into_cell(),
    }
}

fn invoice(world: &World, index: u64, buyer: &Person, rng: &mut Rng) -> Cells {
    let placed = world.when(index, world.size.orders);
    let printed = index * 10 < world.size.orders * 9 && rng.percent(90);
    let number = printed.then(|| format!("ORN{}{index:09}", &placed.date()[..4]));
    let unprinted = if rng.percent(50) { Value::Null } else { "".into_cell() };
    let date = if printed { world.after(rng, placed).into_cell() } else { unprinted };
    cells! {
        "invoice_fullname": buyer.name(),
        "invoice_address": buyer.address.as_str(),
        "invoice_city": buyer.city,
        "invoice_district": buyer.district,
        "invoice_neighborhood": "Örnek Mahallesi",
        "invoice_postcode": "",
        "invoice_gsm": buyer.phone(),
        "invoice_country": "Türkiye",
        "invoice_country_code": "TR",
        "invoice_print": printed,
        "invoice_number": number,
        "invoice_date": date,
        "ettn": printed.then(|| words::code(rng, 12)),
        "tax_office": buyer.company.is_some().then_some("Örnek V.D."),
        "tax_number": buyer.tax_number(),
        "tc_id": "11111111111",
    }
}

fn shipping(buyer: &Person, rng: &mut Rng) -> Cells {
    cells! {
        "ship_fullname": buyer.name(),
        "ship_address": buyer.address.as_str(),
        "ship_city": buyer.city,
        "ship_district": buyer.district,
        "ship_neighborhood": "Örnek Mahallesi",
        "ship_postcode": if rng.percent(30) { "34000" } else { "" },
        "ship_gsm": buyer.phone(),
        "ship_country": "Türkiye",
        "ship_country_code": "TR",
        "delivery_method": "Standart",
    }
}

fn cargo(world: &World, index: u64, rng: &mut Rng) -> Cells {
    let placed = world.when(index, world.size.orders);
    let code = format!("7{:012}", rng.below(1_000_000_000_000));
    let sent = rng.percent(92).then(|| world.after(rng, placed));
    // Labels are wiped once a parcel is long gone.
    let recent = index * 4 >= world.size.orders * 3;
    cells! {
        "cargo_code": code.as_str(),
        "cargo_company": rng.one_of(&words::CARRIERS),
        "cargo_follow_url": sent.map(|_| format!("https://kargo.example/takip?no={code}")),
        "cargo_send_date": sent,
        "ship_date": sent,
        "delivered_date": sent.map(|sent| world.after(rng, sent)),
        "cargoDeliveryDueDate": placed.plus(2 * DAY + rng.between(0, 9) * HOUR),
        "cargo_barcode_raw": recent.then(|| words::label(rng, &code)),
        "cargo_packet_quantity": 1i64,
        "cargo_service_information": "",
    }
}

fn buyer_of(buyer: &Person) -> Cells {
    cells! {
        "customer_id": buyer.number,
        "customer_code": format!("M-{}", buyer.number),
        "company": buyer.company.clone().unwrap_or_default(),
        "firstname": "Müşteri",
        "lastname": buyer.number.to_string(),
        "email": buyer.email(),
        "mobil_phone": buyer.phone(),
        "telephone": "",
        "username": buyer.email(),
    }
}
