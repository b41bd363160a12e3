//! What the page of the office PCs says.

/// **Shape**: `{...}` stands for what is named.
#[derive(Debug)]
pub(crate) struct SiteWords {
    pub none: &'static str,
    pub on_line: &'static str,
    pub waiting: &'static str,
    pub held: &'static str,
    pub clock: &'static str,
    pub clock_right: &'static str,
    /// `{seconds}`
    pub clock_ahead: &'static str,
    /// `{seconds}`
    pub clock_behind: &'static str,
    pub version: &'static str,
}

pub(super) static TURKISH: SiteWords = SiteWords {
    none: "Henüz bilgisayar yok.",
    on_line: "şu anda bağlı",
    waiting: "Gönderilmeyi bekleyen",
    held: "Onay bekleyen",
    clock: "Saat farkı",
    clock_right: "yok",
    clock_ahead: "{seconds} s ileri",
    clock_behind: "{seconds} s geri",
    version: "Sürüm",
};

pub(super) static ENGLISH: SiteWords = SiteWords {
    none: "There is no PC yet.",
    on_line: "on-line now",
    waiting: "Waits to be sent",
    held: "Waits for approval",
    clock: "Clock difference",
    clock_right: "none",
    clock_ahead: "{seconds} s ahead",
    clock_behind: "{seconds} s behind",
    version: "Version",
};
