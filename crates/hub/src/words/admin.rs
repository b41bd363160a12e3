//! What stands above all pages of the administration.

#[derive(Debug)]
pub(crate) struct AdminWords {
    pub administration: &'static str,
    pub sites: &'static str,
    /// To whoever administers nothing, or not this.
    pub not_yours: &'static str,
    pub not_yours_why: &'static str,
}

pub(super) static TURKISH: AdminWords = AdminWords {
    administration: "Yönetim",
    sites: "Bilgisayarlar",
    not_yours: "Bu sayfa sizin değil",
    not_yours_why: "Burası yöneticilerin işidir. Gerekliyse merkezdeki yöneticiye söyleyin.",
};

pub(super) static ENGLISH: AdminWords = AdminWords {
    administration: "Administration",
    sites: "PCs",
    not_yours: "This page is not yours",
    not_yours_why: "This is for administrators. If you need it, tell the administrator at headquarters.",
};
