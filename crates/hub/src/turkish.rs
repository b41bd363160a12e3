//! What programs show to clerks, in Turkish. In English each refusal says it by itself.

use crate::{
    answer::Refusal,
    body::{self, Cut},
};

/// The two that programs know by their words are the same in every language.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let sentence = match refusal {
        Refusal::Key | Refusal::NoFile => return refusal.to_string(),
        Refusal::Guessing => {
            "Bu adresten çok fazla yanlış anahtar geldi; birkaç dakika sonra yeniden deneyin"
        }
        Refusal::Region => "Bölge geçersiz",
        Refusal::TwoFiles => "İstekte birden fazla veritabanı dosyası var",
        Refusal::Form => "İstek düzgün bir multipart/form-data değil",
        Refusal::Body(Cut::TooLarge(max)) => {
            return format!("Dosya çok büyük: en fazla {} alınır", body::size(*max, "bayt"));
        }
        Refusal::Body(Cut::TooSlow) => "Gönderme çok uzun sürdü",
        Refusal::Body(Cut::Broken) => "İstek yarıda kesildi",
        Refusal::Busy => "Merkez şu anda meşgul; biraz sonra yeniden deneyin",
        Refusal::Store(rejected) => file(rejected.code()),
        Refusal::Waiting => {
            "Bu bilgisayarın bir dosyası onay bekliyor; o zamana kadar kendi dosyası değiştirilmez"
        }
        Refusal::Ours | Refusal::File(_) | Refusal::Defect(_) => {
            "Merkez bunu yapamadı; nedeni kaydında yazıyor"
        }
        Refusal::Later => "Merkez bunu şu anda yapamıyor; biraz sonra yeniden deneyin",
        Refusal::NoPath => "Burada bir şey yok",
        Refusal::NoMethod => "Burada bu yapılamaz",
    };
    sentence.to_owned()
}

/// By the code of a file that is refused; which table and row it is stands in the hub's log.
fn file(code: &str) -> &'static str {
    match code {
        "not_a_database" => "Dosya bir SQLite veritabanı değil ya da şifreli",
        "unknown_format" => "Dosya, şube programlarının yazmadığı bir biçimde",
        "wal_without_log" => "Veritabanı WAL kipinde: en yeni satırları gönderilmeyen ikinci bir dosyada",
        "damaged" => "Veritabanı bozuk",
        "unknown_shape" => "Dosyada bir şubenin tablolarından hiçbiri yok",
        "other_edition" => "Dosya programın başka bir sürümünden",
        "bad_id" => "Bir satırın numarası yok ya da başka bir satırın numarasıyla aynı",
        "not_utf8" => "Bir metin UTF-8 değil",
        "virtual_table" | "computed_column" | "no_rowid" | "no_table" | "no_column" => {
            "Bir tablo, şube programının yazdığı gibi değil"
        }
        "too_many_tables" => "Veritabanında çok fazla tablo var",
        "too_many_columns" => "Bir tabloda çok fazla sütun var",
        "too_many_rows" => "Veritabanında çok fazla satır var",
        "cell_too_large" => "Bir değer çok büyük",
        "too_large" | "too_much_content" => "Veritabanı çok büyük",
        "took_too_long" => "Dosyayı denetleyip okumak çok uzun sürüyor",
        "bad_rows" => "Dosyanın satırları karşılaştırılamıyor",
        _ => "Dosya alınamadı",
    }
}
