//! What pages say, in Turkish and English. One struct: a word that is missing in a language does not compile.

use axum::http::{HeaderMap, header};

use crate::Language;

#[derive(Debug)]
pub(crate) struct Words {
    pub tag: &'static str,
    pub other_tag: &'static str,
    pub other_name: &'static str,
    pub log_in: &'static str,
    pub log_out: &'static str,
    pub name: &'static str,
    pub password: &'static str,
    pub wrong: &'static str,
    pub locked: &'static str,
    pub busy: &'static str,
    pub change_password: &'static str,
    pub must_change: &'static str,
    pub old_password: &'static str,
    pub new_password: &'static str,
    pub new_again: &'static str,
    pub not_the_same: &'static str,
    pub too_short: &'static str,
    pub too_easy: &'static str,
    pub save: &'static str,
    pub dashboard: &'static str,
    pub replace_shared_key: &'static str,
    pub regions: &'static str,
    pub region: &'static str,
    pub all_regions: &'static str,
    pub no_region: &'static str,
    pub employees: &'static str,
    pub timesheets: &'static str,
    pub last_entry: &'static str,
    pub total: &'static str,
    pub tables: &'static str,
    pub table: &'static str,
    pub rows: &'static str,
    pub recent: &'static str,
    pub time: &'static str,
    pub site: &'static str,
    pub action: &'static str,
    pub content: &'static str,
    pub sites: &'static str,
    pub last_contact: &'static str,
    pub never: &'static str,
    pub state: &'static str,
    pub states: [(&'static str, &'static str); 4],
    pub actions: [(&'static str, &'static str); 4],
    pub waiting: &'static str,
    pub open_conflicts: &'static str,
    pub held: &'static str,
    pub alerts: &'static str,
    pub kind: &'static str,
    pub what: &'static str,
    pub none: &'static str,
    pub activity: &'static str,
    pub who: &'static str,
}

impl Words {
    /// In the language that was asked for by `lang`, or that the browser prefers, or the hub's own.
    pub fn of(lang: Option<&str>, headers: &HeaderMap, own: Language) -> &'static Self {
        let preferred =
            headers.get(header::ACCEPT_LANGUAGE).and_then(|tags| tags.to_str().ok()).unwrap_or_default();
        let language =
            lang.and_then(Language::of_tag).or_else(|| preferred.split(',').find_map(Language::of_tag));
        match language.unwrap_or(own) {
            Language::Turkish => &TURKISH,
            Language::English => &ENGLISH,
        }
    }

    pub fn state(&self, word: &str) -> &'static str {
        named(&self.states, word)
    }

    pub fn action(&self, word: &str) -> &'static str {
        named(&self.actions, word)
    }
}

fn named(words: &[(&'static str, &'static str)], word: &str) -> &'static str {
    words.iter().find(|(key, _)| *key == word).map_or("", |(_, said)| said)
}

static TURKISH: Words = Words {
    tag: "tr",
    other_tag: "en",
    other_name: "English",
    log_in: "Giriş yap",
    log_out: "Çıkış yap",
    name: "Kullanıcı adı",
    password: "Parola",
    wrong: "Kullanıcı adı veya parola yanlış.",
    locked: "Çok fazla başarısız deneme oldu. Birkaç dakika sonra yeniden deneyin.",
    busy: "Şu anda çok fazla giriş denemesi var. Biraz sonra yeniden deneyin.",
    change_password: "Parolayı değiştir",
    must_change: "Bu parola tek kullanımlıktır. Devam etmek için yeni bir parola belirleyin.",
    old_password: "Eski parola",
    new_password: "Yeni parola",
    new_again: "Yeni parola (tekrar)",
    not_the_same: "Yeni parolalar aynı değil.",
    too_short: "Parola en az 10, en çok 200 karakter olmalı.",
    too_easy: "Yeni parola, kullanıcı adından ve eski paroladan farklı olmalı.",
    save: "Kaydet",
    dashboard: "Genel durum",
    replace_shared_key: "Bazı bilgisayarlar hâlâ ortak anahtarı (API_KEY) kullanıyor. Her bilgisayara kendi \
                         anahtarını verin: denk site add AD --region BÖLGE. Sonra ortak anahtarı kaldırın.",
    regions: "Bölgeler",
    region: "Bölge",
    all_regions: "Tüm bölgeler",
    no_region: "(bölgesiz)",
    employees: "Çalışan",
    timesheets: "Puantaj",
    last_entry: "Son kayıt",
    total: "Toplam",
    tables: "Tablolar",
    table: "Tablo",
    rows: "Satır",
    recent: "Son kayıtlar",
    time: "Zaman",
    site: "Bilgisayar",
    action: "İşlem",
    content: "İçerik",
    sites: "Bilgisayarlar",
    last_contact: "Son bağlantı",
    never: "hiç",
    state: "Durum",
    states: [
        ("revoked", "iptal edildi"),
        ("held", "onay bekliyor"),
        ("new", "henüz bağlanmadı"),
        ("active", "çalışıyor"),
    ],
    actions: [("insert", "eklendi"), ("update", "değişti"), ("delete", "silindi"), ("revive", "geri geldi")],
    waiting: "Bekleyen",
    open_conflicts: "Açık çakışmalar",
    held: "Onay bekleyen dosyalar",
    alerts: "Uyarılar",
    kind: "Tür",
    what: "Ne",
    none: "yok",
    activity: "Etkinlik",
    who: "Kim",
};

static ENGLISH: Words = Words {
    tag: "en",
    other_tag: "tr",
    other_name: "Türkçe",
    log_in: "Log in",
    log_out: "Log out",
    name: "User name",
    password: "Password",
    wrong: "The user name or the password is wrong.",
    locked: "Too many attempts failed. Try again in a few minutes.",
    busy: "Too many people are logging in at the moment. Try again a little later.",
    change_password: "Change the password",
    must_change: "This password works once. Choose a new one to go on.",
    old_password: "Old password",
    new_password: "New password",
    new_again: "New password (again)",
    not_the_same: "The new passwords are not the same.",
    too_short: "A password has at least 10 and at most 200 characters.",
    too_easy: "The new password must differ from the user name and from the old password.",
    save: "Save",
    dashboard: "Overview",
    replace_shared_key: "Some PCs still use the shared key (API_KEY). Give each PC a token of its own: \
                         denk site add NAME --region REGION. Then remove the shared key.",
    regions: "Regions",
    region: "Region",
    all_regions: "All regions",
    no_region: "(no region)",
    employees: "Employees",
    timesheets: "Timesheets",
    last_entry: "Last entry",
    total: "Total",
    tables: "Tables",
    table: "Table",
    rows: "Rows",
    recent: "Recent entries",
    time: "Time",
    site: "PC",
    action: "Action",
    content: "Content",
    sites: "PCs",
    last_contact: "Last contact",
    never: "never",
    state: "State",
    states: [
        ("revoked", "revoked"),
        ("held", "waits for approval"),
        ("new", "not yet connected"),
        ("active", "working"),
    ],
    actions: [("insert", "added"), ("update", "changed"), ("delete", "deleted"), ("revive", "came back")],
    waiting: "Waiting",
    open_conflicts: "Open conflicts",
    held: "Files waiting for approval",
    alerts: "Alerts",
    kind: "Kind",
    what: "What",
    none: "none",
    activity: "Activity",
    who: "Who",
};
