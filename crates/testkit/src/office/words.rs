//! People, plates and goods of an office; none of them exists.

use super::Moment;
use crate::random::Rng;

const GIVEN: [&str; 12] = [
    "Ayşe", "Çağla", "Gökhan", "İbrahim", "Özlem", "Şükrü", "Ümit", "Yiğit", "Gülşen", "Işık", "Tuğba",
    "Doğan",
];
const FAMILY: [&str; 11] = [
    "Örnekoğlu",
    "Denemeci",
    "Sınamaz",
    "Yapaygüneş",
    "Kurgusal",
    "Taslakçı",
    "Numuneli",
    "Hayalioğlu",
    "Düşünürgil",
    "Uydurmaz",
    "Provacı",
];
const PLAIN_GIVEN: [&str; 5] = ["Kemal", "Emre", "Derya", "Mert", "Selin"];
const PLAIN_FAMILY: [&str; 7] = ["Deneme", "Taslak", "Kurgu", "Prova", "Hayal", "Numune", "Yapay"];

pub(super) const DEPARTMENTS: [&str; 5] = ["Servis", "Satış", "Depo", "Montaj", ""];
pub(super) const TITLES: [&str; 5] = ["Şoför", "Teknisyen", "Usta", "Yardımcı", ""];
pub(super) const FAULTS: [&str; 5] =
    ["Fren balatası", "Akü zayıf", "Sol far yanmıyor", "Yağ kaçağı", "Klima çalışmıyor"];
const NOTES: [&str; 6] = [
    "Öğle arası verilmedi",
    "Şantiyeden geç döndü",
    "İzinli çıktı; 'yarım gün'",
    "Gece nöbeti, \"acil\" çağrı",
    "Çift vardiya",
    "iş yeri ığüşöç İĞÜŞÖÇ",
];

/// The name of the person with this number: in seven of eight with letters that ASCII lacks, and no name twice in a
/// file. Files of different small seeds never have the same names under the same numbers: they would be copies.
pub(super) fn name(seed: u64, number: u64) -> String {
    let (given, family): (&[&str], &[&str]) =
        if number % 8 == 7 { (&PLAIN_GIVEN, &PLAIN_FAMILY) } else { (&GIVEN, &FAMILY) };
    let pairs = (GIVEN.len() * FAMILY.len()) as u64;
    // Has no factor in common with the number of pairs.
    let place = seed % pairs * 53 + number;
    let one = |names: &[&'static str]| names[(place % names.len() as u64) as usize];
    let name = [one(given), one(family)].join(" ");
    // Beyond as many people as there are pairs of names, a number tells them apart.
    match number / (given.len() * family.len()) as u64 {
        0 => name,
        round => format!("{name} {}", round + 1),
    }
}

/// Like a real plate but for its letters, which no plate has.
pub(super) fn plate(seed: u64, region: &str, number: u64) -> String {
    let city = match region {
        "Ankara" => "06",
        "Izmir" => "35",
        "Bursa" => "16",
        "Istanbul" => "34",
        _ => "99",
    };
    let mut rng = Rng::of(seed, "plate", 0);
    let mut letter = || char::from(b'A' + rng.below(26) as u8);
    format!("{city} QX{}{} {:03}", letter(), letter(), number + 1)
}

/// Twelve digits that no telephone answers to.
pub(super) fn phone(number: u64) -> String {
    format!("90000{:07}", number + 1)
}

pub(super) fn stock_code(product: u64) -> String {
    (900 + product).to_string()
}

pub(super) fn stock_name(product: u64) -> String {
    format!("Su Arıtma Cihazı Örnek {}", product + 1)
}

/// A serial number; every third is joined to its product's code.
pub(super) fn serial(seed: u64, product: u64, number: u64) -> String {
    let serial = format!("ST{seed}-{:05}", number + 1);
    if number % 3 == 2 { [stock_code(product), serial].join("x") } else { serial }
}

/// Empty in two of three, text in one of four, and else nothing.
pub(super) fn note(rng: &mut Rng) -> Option<&'static str> {
    match rng.below(12) {
        0..8 => Some(""),
        8..11 => Some(rng.one_of(&NOTES)),
        _ => None,
    }
}

/// Start and end of a working day: mostly from half past eight; in three of a hundred past midnight.
pub(super) fn shift(rng: &mut Rng) -> (&'static str, String) {
    if rng.percent(3) {
        let (start, end) = rng.one_of(&[("15:00", "02:00"), ("20:00", "06:30")]);
        return (start, end.to_owned());
    }
    let start = match rng.below(76) {
        0..61 => "08:30",
        61..72 => "09:00",
        _ => rng.one_of(&["07:45", "10:00", "13:00"]),
    };
    let end = match rng.below(100) {
        0..45 => 17 * 60 + 30,
        45..60 => 18 * 60,
        _ => 16 * 60 + 15 * rng.between(0, 27),
    };
    (start, format!("{:02}:{:02}", end / 60, end % 60))
}

/// The date `days` before `moment`.
pub(super) fn date_before(moment: Moment, days: u64) -> String {
    moment.minus(days as i64 * super::DAY).date()
}
