//! What the page says, in Turkish and English. One struct: a word that is missing in a language does not compile.

use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Turkish,
    English,
}

#[derive(Debug)]
pub(super) struct Words {
    pub tag: &'static str,
    pub other_tag: &'static str,
    pub other_name: &'static str,
    pub title: &'static str,
    pub ok: &'static str,
    pub error: &'static str,
    pub off: &'static str,
    pub off_hint: &'static str,
    pub busy: &'static str,
    pub gone: &'static str,
    pub headquarters: &'static str,
    pub state: &'static str,
    pub last_sync: &'static str,
    pub not_since_start: &'static str,
    pub waiting: &'static str,
    pub held: &'static str,
    pub held_hint: &'static str,
    pub connection: &'static str,
    pub live: &'static str,
    pub by_timer: &'static str,
    pub broken: &'static str,
    pub connection_off: &'static str,
    pub clock: &'static str,
    pub clock_unknown: &'static str,
    pub clock_ahead: &'static str,
    pub clock_behind: &'static str,
    pub clock_right: &'static str,
    pub sync_now: &'static str,
    pub settings: &'static str,
    pub active: &'static str,
    pub url: &'static str,
    pub url_hint: &'static str,
    pub token: &'static str,
    pub token_hint: &'static str,
    pub save: &'static str,
    pub test: &'static str,
    pub file: &'static str,
    pub errors: &'static str,
    pub none: &'static str,
    pub time: &'static str,
    pub what: &'static str,
    pub conflicts: &'static str,
    pub conflicts_hint: &'static str,
    pub conflicts_unknown: &'static str,
    pub conflicts_off: &'static str,
    pub row: &'static str,
    pub column: &'static str,
    pub deletion: &'static str,
    pub stands: &'static str,
    pub lost: &'static str,
    pub forbidden: &'static str,
    pub saved: &'static str,
    pub not_saved: &'static str,
    pub reached: &'static str,
    pub synced: &'static str,
    pub not_synced: &'static str,
}

/// What a form came to, as the page's address says it after the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mark {
    Saved,
    Synced,
    NotSynced,
    /// Nothing was synchronised, as it is switched off.
    Off,
}

impl Mark {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Synced => "synced",
            Self::NotSynced => "not-synced",
            Self::Off => "off",
        }
    }
}

impl Language {
    /// Asked for by `lang`, or what the browser prefers, or the agent's own.
    pub(super) fn of(lang: Option<&str>, headers: &HeaderMap, own: Self) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let preferred = || accepted?.split(',').find_map(Self::of_tag);
        lang.and_then(Self::of_tag).or_else(preferred).unwrap_or(own)
    }

    fn of_tag(tag: &str) -> Option<Self> {
        match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "tr" => Some(Self::Turkish),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::Turkish => &TURKISH,
            Self::English => &ENGLISH,
        }
    }
}

static TURKISH: Words = Words {
    tag: "tr",
    other_tag: "en",
    other_name: "English",
    title: "Senkron",
    ok: "Senkron OK",
    error: "Senkron HATA",
    off: "Senkron kapalı",
    off_hint: "Bu büronun kayıtları dosyada bekler. Açmak için Senkron Aktif kutusunu işaretleyip kaydedin.",
    busy: "Eşitleniyor…",
    gone: "Ajan durmuş ya da yeniden başlamış: bu sayfa eskidi. Yeniden açmak için: denk agent --page",
    headquarters: "Genel merkez",
    state: "Durum",
    last_sync: "Son senkron",
    not_since_start: "ajan başladığından beri yok",
    waiting: "Gönderilmeyi bekleyen değişiklik",
    held: "Merkezde onay bekleyen değişiklik",
    held_hint: "Çok sayıda silme ya da değişiklik yönetici onayı bekliyor. Çalışmaya devam edin.",
    connection: "Bağlantı",
    live: "canlı",
    by_timer: "5 dakikada bir",
    broken: "yok; kendiliğinden yeniden denenir",
    connection_off: "kapalı",
    clock: "Bu bilgisayarın saati",
    clock_unknown: "henüz bilinmiyor",
    clock_ahead: "ileri",
    clock_behind: "geri",
    clock_right: "doğru",
    sync_now: "Şimdi eşitle",
    settings: "Ayarlar",
    active: "Senkron Aktif",
    url: "Senkron URL",
    url_hint: "Merkezin adresi; kayıt satırının tamamı da yapıştırılabilir.",
    token: "Senkron Token",
    token_hint: "Boş bırakılırsa, aynı merkez için, kayıtlı token kalır.",
    save: "Kaydet",
    test: "Bağlantıyı dene",
    file: "Programın dosyası",
    errors: "Son hatalar",
    none: "Yok",
    time: "Zaman",
    what: "Ne oldu",
    conflicts: "Bu büronun çakışmaları",
    conflicts_hint: "Aynı alanı iki kişi değiştirdi. Geçerli olan dosyada durur; öteki merkezde saklanır, yönetici geri getirebilir.",
    conflicts_unknown: "Şu anda gösterilemiyor: merkeze sorulamadı.",
    conflicts_off: "Senkron kapalıyken gösterilemez.",
    row: "Kayıt",
    column: "Alan",
    deletion: "silme",
    stands: "Geçerli",
    lost: "Geçerli olmayan",
    forbidden: "Bu sayfa yalnızca denk ajanının verdiği bağlantı ile açılır: denk agent --page",
    saved: "Kaydedildi.",
    not_saved: "Kaydedilemedi: ayar dosyası yazılamıyor. Yöneticiye haber verin.",
    reached: "Bağlantı çalışıyor: merkez bu büroyu tanıyor",
    synced: "Eşitlendi.",
    not_synced: "Eşitlenemedi: nedeni yukarıda.",
};

static ENGLISH: Words = Words {
    tag: "en",
    other_tag: "tr",
    other_name: "Türkçe",
    title: "Sync",
    ok: "Sync OK",
    error: "Sync ERROR",
    off: "Sync is off",
    off_hint: "What this office enters waits in its file. To switch it on, tick Sync active and save.",
    busy: "Synchronising…",
    gone: "The agent has stopped or was started again: this page is out of date. To open it again: denk agent --page",
    headquarters: "Headquarters",
    state: "State",
    last_sync: "Last sync",
    not_since_start: "not since the agent started",
    waiting: "Changes waiting to be sent",
    held: "Changes waiting for approval at the hub",
    held_hint: "Many deletions or changes wait for the administrator's approval. Work on meanwhile.",
    connection: "Connection",
    live: "live",
    by_timer: "every 5 minutes",
    broken: "none; it is tried again by itself",
    connection_off: "off",
    clock: "This PC's clock",
    clock_unknown: "not known yet",
    clock_ahead: "ahead",
    clock_behind: "behind",
    clock_right: "right",
    sync_now: "Sync now",
    settings: "Settings",
    active: "Sync active",
    url: "Sync URL",
    url_hint: "The hub's address; the whole enrolment line may be pasted here too.",
    token: "Sync token",
    token_hint: "Left empty, the token that is kept stays, for the same hub.",
    save: "Save",
    test: "Test connection",
    file: "The program's file",
    errors: "Last errors",
    none: "None",
    time: "Time",
    what: "What happened",
    conflicts: "Conflicts of this office",
    conflicts_hint: "Two people changed the same field. What stands is in the file; the other is kept at the hub, and the administrator can bring it back.",
    conflicts_unknown: "Cannot be shown now: the hub could not be asked.",
    conflicts_off: "Cannot be shown while sync is off.",
    row: "Row",
    column: "Field",
    deletion: "deletion",
    stands: "Stands",
    lost: "Did not stand",
    forbidden: "This page opens only by the link that denk's agent gives: denk agent --page",
    saved: "Saved.",
    not_saved: "Not saved: the settings' file cannot be written. Tell the administrator.",
    reached: "The connection works: the hub knows this office",
    synced: "Synchronised.",
    not_synced: "Not synchronised: the reason stands above.",
};
