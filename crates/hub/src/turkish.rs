//! What programs show to clerks, in Turkish. In English each refusal says it by itself.

use store::{Declined, RefusedFile, Rejected, Unreadable, What};

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
        Refusal::Store(rejected) => return refused_file(rejected),
        Refusal::Waiting => {
            "Bu bilgisayarın bir dosyası onay bekliyor; o zamana kadar kendi dosyası değiştirilmez"
        }
        Refusal::Declined(declined) => return batch(declined),
        Refusal::Message(why) => return format!("İleti okunamadı: {why}"),
        Refusal::Ours | Refusal::File(_) | Refusal::Defect(_) => {
            "Merkez bunu yapamadı; nedeni kaydında yazıyor"
        }
        Refusal::Later => "Merkez bunu şu anda yapamıyor; biraz sonra yeniden deneyin",
        Refusal::NoPath => "Burada bir şey yok",
        Refusal::NoMethod => "Burada bu yapılamaz",
    };
    sentence.to_owned()
}

fn batch(declined: &Declined) -> String {
    let sentence = match declined {
        Declined::Older { .. } => {
            "Bu numara başka bir gönderimindi: şubenin dosyası geri yüklenmiş ya da kopyalanmış"
        }
        Declined::Behind { .. } => "Merkez bunu hiç duymadı: merkez bir yedekten geri yüklenmiş",
        Declined::Decided { .. } => "Bekleyen gönderim karara bağlandı: önce onun yanıtını isteyin",
        Declined::Message(why) => return format!("Gönderim alınamadı: {why}"),
        Declined::Revoked => "Anahtar iptal edilmiş",
        Declined::Store(_) => "Merkez bunu yapamadı; nedeni kaydında yazıyor",
    };
    sentence.to_owned()
}

/// Why a file is refused, with table, column and row as English says them.
#[must_use]
pub fn refused_file(rejected: &Rejected) -> String {
    match rejected {
        Rejected::File(RefusedFile::Unreadable(unreadable)) => unreadable_file(unreadable),
        Rejected::File(RefusedFile::UnknownShape) => {
            "Dosyada merkezin birleştirdiği tablolardan hiçbiri yok".to_owned()
        }
        Rejected::File(RefusedFile::OtherEdition { table, column }) => {
            format!("`{table}` tablosunda `{column}` sütunu yok: dosya programın başka bir sürümünden")
        }
        Rejected::File(RefusedFile::BadId { table, rowid }) => {
            format!(
                "`{table}` tablosunda {rowid}. satırın numarası yok ya da başka bir satırın numarasıyla aynı"
            )
        }
        Rejected::Rows(_) => "Dosyanın satırları karşılaştırılamıyor".to_owned(),
        Rejected::Revoked | Rejected::Store(_) => "Dosya alınamadı".to_owned(),
    }
}

fn unreadable_file(refused: &Unreadable) -> String {
    let sentence = match refused {
        Unreadable::NotADatabase => "Dosya bir SQLite veritabanı değil ya da şifreli",
        Unreadable::UnknownFormat(_) => "Dosya, şube programlarının yazmadığı bir biçimde",
        Unreadable::WalWithoutLog => {
            "Veritabanı WAL kipinde: en yeni satırları gönderilmeyen ikinci bir dosyada"
        }
        Unreadable::Damaged { .. } => "Veritabanı bozuk",
        Unreadable::VirtualTable { table } => {
            return format!("`{table}` tablosu sanal: okumak için bir program gerekir");
        }
        Unreadable::ComputedColumn { table, column } => {
            return format!("`{table}` tablosunun `{column}` sütunu okunurken hesaplanıyor");
        }
        Unreadable::NoRowid { table } => {
            return format!("`{table}` tablosunda satırların kendi numarası (rowid) yok");
        }
        Unreadable::NoTable { table } => return format!("`{table}` diye bir tablo yok"),
        Unreadable::NoColumn { table, column } => {
            return format!("`{table}` tablosunda `{column}` sütunu yok");
        }
        Unreadable::NotUtf8 { table, column, rowid } => {
            return format!("`{table}` tablosunda {rowid}. satırın `{column}` sütunundaki metin UTF-8 değil");
        }
        Unreadable::TooLarge { bytes, max } => {
            return format!("Dosya {bytes} bayt, en fazla {max} bayt alınır");
        }
        Unreadable::TooManyTables { max } => {
            return format!(
                "Veritabanında {max} tablodan fazlası ya da tablolardan çok daha fazla dizin var"
            );
        }
        Unreadable::TooManyColumns { table, columns, max } => {
            return format!("`{table}` tablosunda {columns} sütun var, en fazla {max} sütun alınır");
        }
        Unreadable::TooManyRows { table } => {
            return format!("`{table}` tablosuna kadar olan tablolarda alınandan fazla satır var");
        }
        Unreadable::CellTooLarge { table, max } => {
            return format!("`{table}` tablosunda {max} bayttan büyük bir değer var");
        }
        Unreadable::TooMuchContent { max } => return format!("Satırlar {max} bayttan fazla yer tutuyor"),
        Unreadable::TookTooLong => "Dosyayı denetleyip okumak çok uzun sürüyor",
        Unreadable::Failed(_) => "Dosya burada okunamadı",
    };
    sentence.to_owned()
}

/// What an answer says of rows that were taken otherwise than the sender may think, or not at all.
pub(crate) fn what(what: &What) -> String {
    let region = |of: &Option<String>| of.clone().unwrap_or_else(|| "bölgesiz".to_owned());
    let sentence = match what {
        What::UnknownTable => "tablo bilinmiyor; alınmadı",
        What::UnknownColumn(column) => return format!("`{column}` sütunu bilinmiyor; alınmadı"),
        What::OddType { column, rows } => {
            return format!("`{column}` {rows} satırda başka türde; olduğu gibi tutuldu");
        }
        What::NoTag => "dosyanın işareti okunamıyor",
        What::NotInFile { column, .. } => return format!("`{column}` dosyada olmayan bir satırı gösteriyor"),
        What::NotKnown(column) => return format!("`{column}` merkezin tanımadığı bir satırı gösteriyor"),
        What::Gone(column) => {
            return format!("`{column}` başka bir bölgenin silinmiş bir satırını gösteriyor");
        }
        What::Fallen(column) => {
            return format!("`{column}` silinmiş bir satırı gösteriyor: onunla birlikte geri gelir");
        }
        What::Doubt { kept_both: true } => "bu numarada önceden başka bir şey vardı; ikisi de tutuldu",
        What::Doubt { kept_both: false } => "bu numarada önceden başka bir şey vardı; yeni satır sayıldı",
        What::NotDeleted => "başkası değiştirmiş ya da yeni bir şeyin ona ihtiyacı var: duruyor",
        What::Namesake { columns, ours, theirs } => {
            let (columns, ours, theirs) = (columns.join("`, `"), region(ours), region(theirs));
            return format!(
                "aynı `{columns}` hem burada ({ours}) hem başka yerde ({theirs}) var: iki satır da duruyor"
            );
        }
        What::Region => "satır bu bilgisayarın bölgesinden değil",
        What::UnknownRow => "merkez bu satırı tanımıyor",
        What::HeldForRegion { refused, rows } => {
            return format!(
                "{rows} satırdan {refused} tanesi bu bilgisayarın bölgesinden değil: onay bekliyor"
            );
        }
        What::HeldForChanges { deletes, updates, rows } => {
            return format!(
                "{rows} satırdan {deletes} tanesini siliyor, {updates} tanesini değiştiriyor: onay bekliyor"
            );
        }
        What::OlderFile => "dosya öncekinden eski: eksikleri yüzünden hiçbir şey silinmez",
        What::DoubledFile => "dosya iki yerde kullanılıyor gibi: eksikleri yüzünden hiçbir şey silinmez",
        What::Copy => "dosya başka bir bilgisayarın dosyasının kopyası",
    };
    sentence.to_owned()
}
