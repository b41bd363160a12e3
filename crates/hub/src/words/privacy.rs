//! What is said where a person's data are handed out or forgotten.

/// **Shape**: `{name}` stands for the person, `{instead}` for what stands there afterwards.
#[derive(Debug)]
pub(crate) struct PrivacyWords {
    pub data: &'static str,
    pub person: &'static str,
    pub history: &'static str,
    /// Heads of the history: table and row, when, where, what, column, before, after.
    pub heads: [&'static str; 8],
    /// `{count}`
    pub left_out: &'static str,
    pub forget: &'static str,
    pub forget_title: &'static str,
    pub what_goes: &'static str,
    pub what_stays: &'static str,
    pub where_still: &'static str,
    pub for_good: &'static str,
    pub why: &'static str,
    pub why_hint: &'static str,
    pub no_why: &'static str,
    pub done_title: &'static str,
    pub done: &'static str,
}

pub(super) static TURKISH: PrivacyWords = PrivacyWords {
    data: "Kişinin bütün verisi (Excel)",
    person: "Kişi",
    history: "Geçmiş",
    heads: ["Tablo", "Kayıt", "Zaman", "Nereden", "İşlem", "Alan", "Önce", "Sonra"],
    left_out: "Bağlı kayıtların {count} değişikliği daha var; bu dosyaya sığmadı. Onları kayıtların kendi sayfaları gösterir.",
    forget: "Kimliğini sil…",
    forget_title: "Kimliği silinecek: {name}",
    what_goes: "Şu alanlar kayıttan, geçmişinden, çakışmalarından ve bilgisayarların dosyalarından saklananlardan silinir:",
    what_stays: "Ona bağlı kayıtlar (puantaj gibi) kalır; ad yerine “{instead}” yazar. Değişiklik şubelere bir sonraki eşitlemede ulaşır.",
    where_still: "Önceden alınmış yedekler, indirilmiş dosyalar, bilgisayarların son 7 günde gönderdiği dosyaların kopyaları ve karar \
                  bekleyenler değişmez: yedekler saklama süresi dolunca, kopyalar 7 gün sonra, bekleyenler karar verilince gider. Aynı kişi \
                  başka bir listede de varsa orada ayrıca silinir.",
    for_good: "Bu geri alınamaz.",
    why: "Neden",
    why_hint: "Örneğin başvurunun tarihi ve numarası. Kişinin adını yazmayın: etkinlikte kalır.",
    no_why: "Nedenini yazın.",
    done_title: "Kimliği silindi",
    done: "Kayıt artık “{instead}” adıyla duruyor.",
};

pub(super) static ENGLISH: PrivacyWords = PrivacyWords {
    data: "All data of this person (Excel)",
    person: "Person",
    history: "History",
    heads: ["Table", "Record", "Time", "From", "Action", "Field", "Before", "After"],
    left_out: "There are {count} more changes of what hangs on this record that this file has no room for; the records' own pages show them.",
    forget: "Forget this person…",
    forget_title: "To be forgotten: {name}",
    what_goes: "These fields go from the record, its history, its conflicts, and from what is kept of PCs' files:",
    what_stays: "What hangs on it (timesheets, for one) stays; “{instead}” stands in place of the name. Offices hear of it with their next exchange.",
    where_still: "Backups that were made before, files that were taken out, copies of what PCs sent within the last 7 days, and what waits \
                  for a decision do not change: backups go when their time is over, copies after 7 days, what waits when it is decided. \
                  Where the same person stands in another list, too, they are forgotten there on their own.",
    for_good: "This cannot be taken back.",
    why: "Why",
    why_hint: "The request's date and number, for one. Do not write the person's name: it stays in the activity.",
    no_why: "Say why.",
    done_title: "Forgotten",
    done: "The record now goes by “{instead}”.",
};
