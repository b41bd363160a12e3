//! The smaller lists: brands, categories, messages and their templates.

use super::World;
use super::cell::{Cells, cells};
use super::words;

/// A row of `brand`.
pub(super) fn brand(world: &World, index: u64) -> Cells {
    let mut rng = world.rng("brand", index);
    cells! {
        "id": index + 1,
        "name": format!("Örnek Marka {} {}", rng.one_of(&["Işık", "Çelik", "Güneş", "Öz"]), index + 1),
        "sync": 0i64,
        "status": 1i64,
        "supplier": "",
        "flag": rng.percent(50).then_some(0i64),
        "delete": 0i64,
        "image": "",
        "sort_order": index,
        "parent_id": 0i64,
        "trendyol_id": rng.percent(70).then(|| rng.between(100, 99_999).to_string()),
        "pazarama_id": rng.percent(20).then(|| rng.between(100, 99_999)),
        "sync_ai": 1i64,
    }
}

/// A row of `category`: ten below each, twenty at the top.
pub(super) fn category(world: &World, index: u64) -> Cells {
    let mut rng = world.rng("category", index);
    let id = index + 1;
    let parent = if index < 20 { 0 } else { index / 10 - 1 };
    let name = format!("{} {id}", words::ware(&mut rng));
    cells! {
        "id": id,
        "name": name.as_str(),
        "productName": rng.percent(50).then_some(name.as_str()),
        "productDescription": rng.percent(10).then(|| words::sentence(&mut rng)),
        "status": 1i64,
        "top": parent == 0,
        "sort_order": index,
        "column": 1i64,
        "parent_id": parent,
        "ktservis_rate1": rng.percent(60).then(|| rng.between(5, 40) as f64 / 3.0),
        "name_tree": format!("Mutfak > {name}"),
        "id_tree": format!("{parent}>{id}"),
        "level": u64::from(parent > 0),
        "trendyol_category": rng.percent(60).then(|| rng.between(100, 9_999).to_string()),
        "supplier": "",
    }
}

/// A row of `category2`: a category as a marketplace names it.
pub(super) fn store_category(world: &World, index: u64) -> Cells {
    let mut rng = world.rng("category2", index);
    let (_, supplier) = rng.one_of(&words::MARKETPLACES);
    let name = words::ware(&mut rng);
    cells! {
        "id": index + 1,
        "parent_id": index / 10,
        "path": format!("Ev & Yaşam > {name}"),
        "name": name,
        "category_id": 1 + rng.below(world.size.categories),
        "supplier": supplier,
        "supplier_id": rng.between(1_000, 99_999),
        "flag": 0i64,
    }
}

/// A row of `message_template`; the column's odd name is the vendor's.
pub(super) fn template(world: &World, index: u64) -> Cells {
    let mut rng = world.rng("message_template", index);
    let (_, supplier) = rng.one_of(&words::MARKETPLACES);
    cells! {
        "id": index + 1,
        "name": format!("Şablon {}", index + 1),
        "detail": words::sentence(&mut rng),
        "suppplier": supplier,
    }
}

/// A row of `messages`: a buyer asks, the shop answers.
pub(super) fn message(world: &World, index: u64, id: i64) -> Cells {
    let mut rng = world.rng("messages", index);
    let (_, supplier) = rng.one_of(&words::MARKETPLACES);
    let buyer = 1 + rng.below(world.size.customers);
    let sent = world.when(index, world.size.messages);
    let number = rng.between(1_000_000_000, 9_999_999_999);
    cells! {
        "id": id,
        "from": format!("Müşteri {buyer}"),
        "subject": words::ware(&mut rng),
        "to": "Örnek Mağaza",
        "message": format!("{} {}", words::sentence(&mut rng), words::sentence(&mut rng)),
        "message_type": rng.one_of(&["soru", "iade", "sipariş"]),
        "message_sync": rng.percent(98),
        "message_id": rng.between(1_000_000, 2_000_000_000),
        "date": sent,
        "is_read": rng.percent(95),
        "supplier": supplier,
        "order_number": if rng.percent(40) { number.to_string() } else { String::new() },
        "conversation_id": rng.percent(50).then(|| words::code(&mut rng, 12)),
        "customer_id": buyer.to_string(),
        "date_add": rng.percent(95).then(|| sent.plus(60)),
    }
}
