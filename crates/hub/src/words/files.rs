//! What hours are called, and what files made of lists say.

use crate::pages::AMOUNTS;

#[derive(Debug)]
pub(crate) struct FileWords {
    pub export: &'static str,
    pub csv: &'static str,
    pub excel: &'static str,
    /// Heads of columns.
    pub amounts: [&'static str; AMOUNTS],
    pub why: &'static str,
    pub total: &'static str,
    /// Before how many there are.
    pub failed: &'static str,
    pub schedule: &'static str,
    /// Of `{region}`: `{hours}` a day, Saturdays from `{start}` to `{end}`.
    pub own_schedule: &'static str,
    /// Of `{region}`.
    pub no_schedule: &'static str,
    /// After an amount.
    pub hours: &'static str,
    pub overtime: &'static str,
    pub reports: &'static str,
    pub report: &'static str,
    pub report_what: &'static str,
    pub from: &'static str,
    pub until: &'static str,
    pub everybody: &'static str,
    pub make: &'static str,
    pub wrong_dates: &'static str,
    pub nobody: &'static str,
}

pub(super) static TURKISH: FileWords = FileWords {
    export: "Dosyaya aktar:",
    csv: "CSV",
    excel: "Excel",
    amounts: ["Çalışılan (s)", "Plan (s)", "Fazla mesai (s)", "Gece (s)", "Geceye taşan (s)", "Özel gün (s)"],
    why: "Hesaplanamadı",
    total: "Toplam",
    failed: "Hesaplanamayan ve toplamlara girmeyen satır:",
    schedule: "Plan her şubenin kendi ayarlarındandır; ayarı bilinmeyen ya da boş olan şubede pazartesiden cumaya 9 saat, cumartesi \
               09:00–14:00, pazar yok.",
    own_schedule: "{region}: pazartesiden cumaya {hours} saat, cumartesi {start}–{end}.",
    no_schedule: "{region}: şubenin ayarları saat söylemiyor; kendi programı da hesaplayamaz. Burada 9 saat ve cumartesi \
                  09:00–14:00 geçerlidir.",
    hours: "s",
    overtime: "fazla",
    reports: "Raporlar",
    report: "Puantaj raporu",
    report_what: "Her satırın saatleri, kişi kişi özet, özel günler, geceye taşanlar ve hesaplanamayan satırlar tek bir Excel \
                  dosyasında. Yalnız sizin gördüğünüz satırlar içindedir.",
    from: "İlk gün",
    until: "Son gün",
    everybody: "Herkes",
    make: "Excel dosyasını indir",
    wrong_dates: "Tarih GG.AA.YYYY ya da YYYY-AA-GG biçiminde olmalı, ilk gün de son günden sonra olmamalı.",
    nobody: "Böyle bir çalışan yok, silinmiş ya da başka bir bölgenin.",
};

pub(super) static ENGLISH: FileWords = FileWords {
    export: "Export:",
    csv: "CSV",
    excel: "Excel",
    amounts: [
        "Worked (h)",
        "Planned (h)",
        "Overtime (h)",
        "Night (h)",
        "Past midnight (h)",
        "Special day (h)",
    ],
    why: "Not calculated",
    total: "Total",
    failed: "Rows that cannot be calculated and that no total counts:",
    schedule: "Planned is what each office's own settings say; where they are not known or blank, 9 hours from Monday to Friday, \
               Saturday 09:00–14:00, nothing on Sunday.",
    own_schedule: "{region}: {hours} hours from Monday to Friday, Saturday {start}–{end}.",
    no_schedule: "{region}: the office's settings say no hours, and its own program cannot calculate either. Here 9 hours and \
                  Saturday 09:00–14:00 go for it.",
    hours: "h",
    overtime: "overtime",
    reports: "Reports",
    report: "Timesheet report",
    report_what: "The hours of every row, a summary by person, special days, shifts past midnight, and rows that cannot be \
                  calculated, in one Excel file. It has the rows that you see, and no others.",
    from: "First day",
    until: "Last day",
    everybody: "Everybody",
    make: "Download the Excel file",
    wrong_dates: "A date is written as DD.MM.YYYY or YYYY-MM-DD, and the first day is not after the last.",
    nobody: "There is no such employee, they were deleted, or they are another region's.",
};
