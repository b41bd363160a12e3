//! Words, places and figures that look like a shop's; no person, number or address in here is real.

use std::fmt::Write;

use crate::random::Rng;

/// Marketplaces with the name people see and the name the program files them under.
pub(super) const MARKETPLACES: [(&str, &str); 7] = [
    ("Trendyol", "trendyol"),
    ("Hepsiburada", "hb"),
    ("N11", "n11"),
    ("Çiçeksepeti", "ciceksepeti"),
    ("Pazarama", "pazarama"),
    ("Idefix", "idefix"),
    ("ePttAVM", "eptt"),
];

pub(super) const CARRIERS: [&str; 4] = ["Örnek Kargo", "Hızlı Kargo", "Işık Lojistik", "Güven Dağıtım"];

const PLACES: [(&str, &str); 10] = [
    ("İstanbul", "Kadıköy"),
    ("İstanbul", "Üsküdar"),
    ("Ankara", "Çankaya"),
    ("İzmir", "Karşıyaka"),
    ("Muğla", "Bodrum"),
    ("Eskişehir", "Odunpazarı"),
    ("Şanlıurfa", "Haliliye"),
    ("Iğdır", "Merkez"),
    ("Çanakkale", "Gökçeada"),
    ("Balıkesir", "Ayvalık"),
];

const STREETS: [&str; 8] = [
    "Çınarlı Sokak",
    "Işık Caddesi",
    "Gül Sokak",
    "Öğretmenler Caddesi",
    "Şehitler Bulvarı",
    "Ünlü Çıkmazı",
    "İğdeli Sokak",
    "Kuğulu Yolu",
];

const WARES: [&str; 16] = [
    "Çaydanlık",
    "Fırın kabı",
    "Düdüklü tencere",
    "Bıçak seti",
    "Şekerlik",
    "Tuzluk",
    "Çatal",
    "Kaşık",
    "Süzgeç",
    "Kevgir",
    "Güveç",
    "İbrik",
    "Cezve",
    "Ütü masası",
    "Çöp kovası",
    "Mutfak terazisi",
];

const LOOKS: [&str; 10] = [
    "gümüş",
    "kırmızı",
    "yeşil",
    "bakır",
    "ahşap saplı",
    "granit",
    "çelik",
    "İpek desenli",
    "mavi",
    "büyük boy",
];

const WORDS: [&str; 24] = [
    "ürün",
    "kargo",
    "sipariş",
    "için",
    "çok",
    "güzel",
    "paket",
    "özenle",
    "hazırlanır",
    "ve",
    "aynı",
    "gün",
    "gönderilir",
    "iade",
    "koşulları",
    "geçerlidir",
    "ışığa",
    "dayanıklı",
    "yüzey",
    "İstanbul",
    "depo",
    "şık",
    "kullanışlı",
    "ağırlık",
];

/// A city and one of its districts.
pub(super) fn place(rng: &mut Rng) -> (&'static str, &'static str) {
    rng.one_of(&PLACES)
}

/// A street with a house number, as long as people write them.
pub(super) fn address(rng: &mut Rng, (city, district): (&str, &str)) -> String {
    let street = rng.one_of(&STREETS);
    let (house, flat) = (rng.between(1, 180), rng.between(1, 40));
    let hint = if rng.percent(40) { " (kapı şifresi yok, zili çalınız)" } else { "" };
    format!("Örnek Mahallesi {street} Güneş Apartmanı No: {house} Daire: {flat}{hint} {district} / {city}")
}

/// A number from the range kept free for examples.
pub(super) fn phone(number: i64) -> String {
    format!("0212 555 00 {:02}", number % 100)
}

pub(super) fn ware(rng: &mut Rng) -> String {
    format!("{} {}", rng.one_of(&WARES), rng.one_of(&LOOKS))
}

/// Six to twenty-five words.
pub(super) fn sentence(rng: &mut Rng) -> String {
    let count = 6 + rng.below(20);
    let words: Vec<&str> = (0..count).map(|_| rng.one_of(&WORDS)).collect();
    words.join(" ") + "."
}

/// A product description of half a kilobyte to three.
pub(super) fn html(rng: &mut Rng, title: &str) -> String {
    let target = 500 + rng.below(2_400) as usize;
    let mut page = format!("<h2>{title}</h2>\r\n<p>{}</p>\r\n<ul>", sentence(rng));
    while page.len() < target {
        let item = sentence(rng);
        // Writing into a String cannot fail.
        let _ = write!(page, "<li style=\"color:#333\"><b>&bull;</b> {item}</li>\r\n");
    }
    page + "</ul>"
}

/// The printer commands of a cargo label.
pub(super) fn label(rng: &mut Rng, code: &str) -> String {
    let mut label = format!("^XA^CI28^FO20,20^BY2^BCN,90,Y,N,N^FD{code}^FS");
    for line in 0..8 {
        let _ = write!(label, "^FO20,{}^A0N,24,24^FD{}^FS", 140 + line * 30, rng.one_of(&STREETS));
    }
    label + "^XZ"
}

/// An identifier of some other system, `width` characters at most.
pub(super) fn code(rng: &mut Rng, width: usize) -> String {
    let digits = format!("{:012X}", rng.draw() & 0xffff_ffff_ffff);
    digits.chars().take(width).collect()
}

/// A price with two decimals.
pub(super) fn price(rng: &mut Rng) -> f64 {
    rng.between(499, 250_000) as f64 / 100.0
}

/// A price without value-added tax: usually a number that only seventeen digits tell exactly.
pub(super) fn net(gross: f64, tax_percent: i64) -> f64 {
    gross / (1.0 + tax_percent as f64 / 100.0)
}
