//! Customers.

use super::World;
use super::cell::{Cells, cells};
use super::words;

/// A made-up customer; the same number is always the same one.
pub(super) struct Person {
    pub number: i64,
    pub city: &'static str,
    pub district: &'static str,
    pub address: String,
    pub company: Option<String>,
}

impl Person {
    pub fn of(number: i64) -> Self {
        let mut rng = crate::random::Rng::of(0, "person", number as u64);
        let place = words::place(&mut rng);
        let company = rng.percent(12).then(|| format!("Örnek Ticaret {number} Ltd. Şti."));
        Self { number, city: place.0, district: place.1, address: words::address(&mut rng, place), company }
    }

    pub fn name(&self) -> String {
        format!("Müşteri {}", self.number)
    }

    pub fn email(&self) -> String {
        format!("musteri{}@example.com", self.number)
    }

    pub fn phone(&self) -> String {
        words::phone(self.number)
    }

    /// Tax number of a company; people are filed under the number that stands for "none".
    pub fn tax_number(&self) -> Option<String> {
        self.company.is_some().then(|| format!("{:010}", self.number))
    }
}

/// A row of `customer`.
pub(super) fn customer(world: &World, index: u64, id: i64) -> Cells {
    let person = Person::of(id);
    let mut row = identity(world, index, &person);
    row.extend(invoice(&person));
    row.extend(shipping(&person));
    row
}

fn identity(world: &World, index: u64, person: &Person) -> Cells {
    let mut rng = world.rng("customer", index);
    let (_, supplier) = rng.one_of(&words::MARKETPLACES);
    let added = world.when(index, world.size.customers);
    let changed = rng.percent(30).then(|| world.after(&mut rng, added));
    cells! {
        "id": person.number,
        "code": format!("M-{}", person.number),
        "company": person.company.clone().unwrap_or_default(),
        "firstname": "Müşteri",
        "lastname": person.number.to_string(),
        "email": person.email(),
        "username": rng.percent(50).then(|| person.email()),
        "mobil_phone": person.phone(),
        "telephone": if rng.percent(50) { person.phone() } else { String::new() },
        "tc_id": "11111111111",
        "tax_office": person.company.is_some().then_some("Örnek V.D."),
        "tax_number": person.tax_number(),
        "date_add": (index * 20 >= world.size.customers).then_some(added),
        "date_change": changed,
        "supplier": supplier,
        "supplier_id": rng.between(1_000_000, 99_999_999).to_string(),
        "customerType": if person.company.is_some() { "1" } else { "0" },
        "erp_code": rng.percent(20).then(|| format!("120.01.{:05}", person.number)),
        "invoice_type": "0",
        "encrypted": rng.percent(5).then_some("0"),
    }
}

fn invoice(person: &Person) -> Cells {
    cells! {
        "invoice_fullname": person.name(),
        "invoice_address": person.address.as_str(),
        "invoice_city": person.city,
        "invoice_district": person.district,
        "invoice_postcode": "",
        "invoice_gsm": person.phone(),
        "invoice_country": "Türkiye",
        "invoice_country_code": "TR",
    }
}

fn shipping(person: &Person) -> Cells {
    cells! {
        "ship_fullname": person.name(),
        "ship_address": person.address.as_str(),
        "ship_city": person.city,
        "ship_district": person.district,
        "ship_gsm": person.phone(),
        "ship_country": "Türkiye",
        "ship_country_code": "TR",
    }
}
