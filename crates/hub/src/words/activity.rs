//! What the page of the activity says, and what each kind of line is called.

use crate::Language;

/// **Shape**: `{...}` stands for what is counted or named.
#[derive(Debug)]
pub(crate) struct ActivityWords {
    pub title: &'static str,
    pub kind: &'static str,
    pub each: &'static str,
    pub who: &'static str,
    pub from: &'static str,
    pub until: &'static str,
    pub detail: &'static str,
    pub newer: &'static str,
    pub newest: &'static str,
    pub older: &'static str,
    pub none: &'static str,
    pub none_so_far: &'static str,
    pub wrong_dates: &'static str,
    pub export_rows: &'static str,
    pub chain: &'static str,
    pub chain_what: &'static str,
    pub whole: &'static str,
    pub broken: &'static str,
    pub cut: &'static str,
    pub unchecked: &'static str,
    pub broken_what: &'static str,
    pub check_now: &'static str,
    pub not_yours: &'static str,
    pub not_yours_why: &'static str,
    /// The hub itself.
    pub hub: &'static str,
    pub nobody: &'static str,
    pub groups: [&'static str; GROUPS],
    /// Before how many rows.
    pub inserted: &'static str,
    pub updated: &'static str,
    pub deleted: &'static str,
    pub refused: &'static str,
    pub conflicts: &'static str,
    pub held: &'static str,
    pub nothing_new: &'static str,
    pub conflict: &'static str,
    pub rows: &'static str,
}

pub(crate) const GROUPS: usize = 7;

/// What kinds of lines have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    LogIn,
    LogOut,
    Failed,
    Sync,
    Decision,
    File,
    Administration,
}

impl Group {
    /// **Order**: as [`ActivityWords::groups`].
    pub const ALL: [Self; GROUPS] = [
        Self::LogIn,
        Self::LogOut,
        Self::Failed,
        Self::Sync,
        Self::Decision,
        Self::File,
        Self::Administration,
    ];

    /// In an address.
    pub const fn word(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::LogOut => "log-out",
            Self::Failed => "failed",
            Self::Sync => "sync",
            Self::Decision => "decision",
            Self::File => "file",
            Self::Administration => "administration",
        }
    }
}

/// What a line is about: the store's word for it.
#[derive(Debug)]
pub(crate) struct Kind {
    pub action: &'static str,
    pub group: Group,
    pub tr: &'static str,
    pub en: &'static str,
}

impl Kind {
    pub fn of(action: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.action == action)
    }

    pub const fn said(&self, language: Language) -> &'static str {
        match language {
            Language::Turkish => self.tr,
            Language::English => self.en,
        }
    }
}

const fn kind(action: &'static str, group: Group, tr: &'static str, en: &'static str) -> Kind {
    Kind { action, group, tr, en }
}

pub(crate) static KINDS: &[Kind] = &[
    kind("log_in", Group::LogIn, "Giriş yaptı", "Logged in"),
    kind("log_out", Group::LogOut, "Çıkış yaptı", "Logged out"),
    kind("log_out_everywhere", Group::LogOut, "Her yerden çıkış yaptı", "Logged out everywhere"),
    kind("log_in_failed", Group::Failed, "Giriş başarısız", "Log-in failed"),
    kind("log_in_locked", Group::Failed, "Giriş kilitlendi", "Log-in locked"),
    kind("upload", Group::Sync, "Dosya gönderdi", "Sent a file"),
    kind("push", Group::Sync, "Değişiklik gönderdi", "Sent changes"),
    kind("held", Group::Sync, "Gönderdiği onay bekliyor", "What was sent waits for approval"),
    kind("superseded", Group::Sync, "Bekleyenin yerini sonraki dosya aldı", "A later file took its place"),
    kind("let_through", Group::Decision, "Bekleyeni geçirdi", "Let a held batch through"),
    kind("sent_back", Group::Decision, "Bekleyeni geri çevirdi", "Sent a held batch back"),
    kind(
        "conflict_winner",
        Group::Decision,
        "Çakışmada geçerli olanı bıraktı",
        "Kept what stood in a conflict",
    ),
    kind(
        "conflict_loser",
        Group::Decision,
        "Çakışmada öbür değeri aldı",
        "Took the other value of a conflict",
    ),
    kind(
        "conflict_other",
        Group::Decision,
        "Çakışmaya başka bir değer yazdı",
        "Typed another value for a conflict",
    ),
    kind("undo", Group::Decision, "Bir değişikliği geri aldı", "Undid a change"),
    kind("undo_batch", Group::Decision, "Birlikte gelenleri geri aldı", "Undid what came together"),
    kind("export", Group::File, "Dosyaya aktardı", "Exported a file"),
    kind("password", Group::Administration, "Parolasını değiştirdi", "Changed their password"),
    kind("user_add", Group::Administration, "Kullanıcı ekledi", "Added a user"),
    kind("user_passwd", Group::Administration, "Kullanıcıya yeni parola verdi", "Gave a user a new password"),
    kind("user_disable", Group::Administration, "Kullanıcıyı kapattı", "Disabled a user"),
    kind("user_enable", Group::Administration, "Kullanıcıyı açtı", "Enabled a user"),
    kind(
        "user_role",
        Group::Administration,
        "Kullanıcının rolünü ya da bölgesini değiştirdi",
        "Changed a user's role or region",
    ),
    kind("user_unlock", Group::Administration, "Kullanıcının kilidini açtı", "Unlocked a user"),
    kind(
        "user_log_out",
        Group::Administration,
        "Kullanıcının oturumlarını kapattı",
        "Ended a user's sessions",
    ),
    kind(
        "user_import",
        Group::Administration,
        "Eski programın kullanıcılarını aldı",
        "Took over the old program's users",
    ),
    kind("erase", Group::Administration, "Kişinin kimliğini sildi", "Forgot a person"),
    kind("site_add", Group::Administration, "Bilgisayar ekledi", "Added a PC"),
    kind("site_renew", Group::Administration, "Bilgisayara yeni anahtar verdi", "Gave a PC a new token"),
    kind("site_revoke", Group::Administration, "Bilgisayarın anahtarını iptal etti", "Revoked a PC's token"),
    kind("site_rename", Group::Administration, "Bilgisayarın adını değiştirdi", "Renamed a PC"),
    kind("backup_create", Group::Administration, "Yedek aldı", "Made a backup"),
    kind("backup_drill", Group::Administration, "Yedeği denedi", "Tried a backup out"),
    kind("backup_check", Group::Administration, "Yedekleri denetledi", "Checked the backups"),
    kind("backup_download", Group::Administration, "Yedeği indirdi", "Took a backup away"),
    kind("restore", Group::Administration, "Yedekten geri yükledi", "Restored a backup"),
    kind(
        "activity_check",
        Group::Administration,
        "Etkinlik zincirini denetledi",
        "Checked the activity's chain",
    ),
];

pub(super) static TURKISH: ActivityWords = ActivityWords {
    title: "Etkinlik",
    kind: "Tür",
    each: "Tek tek",
    who: "Kim",
    from: "İlk gün",
    until: "Son gün",
    detail: "Ayrıntı",
    newer: "Daha yeni",
    newest: "En yeni",
    older: "Daha eski",
    none: "Bu süzgece uyan etkinlik yok.",
    none_so_far: "Bu kadar geriye bakıldı, uyan bulunmadı. Daha eskilere bakılabilir.",
    wrong_dates: "Tarih GG.AA.YYYY ya da YYYY-AA-GG biçiminde olmalı, ilk gün de son günden sonra olmamalı.",
    export_rows: "en çok 100.000 satır",
    chain: "Kayıt zinciri",
    chain_what: "Her satır bir öncekiyle mühürlüdür: değiştirilen, çıkarılan ya da araya sokulan satır belli olur.",
    whole: "Sağlam: {lines} satır, son denetim {at}. Mühür:",
    broken: "BOZUK: {line} numaralı satır yazıldığı gibi değil (son denetim {at}).",
    cut: "BOZUK: son satır ya da satırlar eksik (son denetim {at}).",
    unchecked: "Henüz denetlenmedi.",
    broken_what: "Birisi kayıtlara denk'in dışından dokunmuş. Hiçbir şeyi düzeltmeyin: yedekteki kayıtlarla karşılaştırın ve merkezin bilgisayarına kimlerin girebildiğine bakın.",
    check_now: "Şimdi denetle",
    not_yours: "Bu sayfa sizin değil",
    not_yours_why: "Etkinliği yöneticiler ve bölge sorumluları görür.",
    hub: "Merkez",
    nobody: "bilinmeyen ad",
    groups: [
        "Girişler",
        "Çıkışlar",
        "Başarısız girişler",
        "Eşitlemeler",
        "Kararlar",
        "Dosyaya aktarmalar",
        "Yönetim",
    ],
    inserted: "yeni",
    updated: "değişen",
    deleted: "silinen",
    refused: "alınmayan",
    conflicts: "çakışma",
    held: "onay bekleyen tablo",
    nothing_new: "yeni bir şey yok",
    conflict: "Çakışma {id}",
    rows: "satır",
};

pub(super) static ENGLISH: ActivityWords = ActivityWords {
    title: "Activity",
    kind: "Kind",
    each: "One by one",
    who: "Who",
    from: "First day",
    until: "Last day",
    detail: "Detail",
    newer: "Newer",
    newest: "Newest",
    older: "Older",
    none: "No activity matches this filter.",
    none_so_far: "So far back nothing was found that matches. It can be looked further back.",
    wrong_dates: "A date is DD.MM.YYYY or YYYY-MM-DD, and the first day is not after the last.",
    export_rows: "at most 100,000 rows",
    chain: "Chain of the record",
    chain_what: "Each line is sealed with the one before it: one that was changed, taken out or put in between shows.",
    whole: "Whole: {lines} lines, last checked {at}. Seal:",
    broken: "BROKEN: line {line} is not as it was written (last checked {at}).",
    cut: "BROKEN: the last line or lines are missing (last checked {at}).",
    unchecked: "Not checked yet.",
    broken_what: "Somebody touched the record past denk. Mend nothing: compare it with that of a backup, and see who can get at the hub's machine.",
    check_now: "Check now",
    not_yours: "This page is not yours",
    not_yours_why: "Administrators and the managers of a region see the activity.",
    hub: "Hub",
    nobody: "unknown name",
    groups: ["Log-ins", "Log-outs", "Failed log-ins", "Syncs", "Decisions", "Exports", "Administration"],
    inserted: "new",
    updated: "changed",
    deleted: "deleted",
    refused: "not taken",
    conflicts: "conflicts",
    held: "tables that wait for approval",
    nothing_new: "nothing new",
    conflict: "Conflict {id}",
    rows: "rows",
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_is_told_once_and_otherwise_than_the_others_in_both_languages() {
        let distinct = |of: fn(&Kind) -> &str| KINDS.iter().map(of).collect::<BTreeSet<_>>().len();
        for of in [|kind: &Kind| kind.action, |kind: &Kind| kind.tr, |kind: &Kind| kind.en] {
            assert_eq!(distinct(of), KINDS.len());
        }
    }
}
