//! What a report says, in both languages.

use office::{
    InputError,
    hours::{Field, ShiftError},
};

/// In which a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Turkish,
    English,
}

/// Fixed texts of one language.
pub struct Labels {
    pub report_title: &'static str,
    pub range: &'static str,
    pub all_days: &'static str,
    pub nothing: &'static str,
    pub yes: &'static str,
    pub no: &'static str,
    pub grand_total: &'static str,
    pub logo: &'static str,
    /// Sheets, from left to right.
    pub days: &'static str,
    pub summary: &'static str,
    pub special_days: &'static str,
    pub past_midnight: &'static str,
    pub errors: &'static str,
    pub day_headers: [&'static str; 16],
    pub summary_headers: [&'static str; 9],
    pub special_headers: [&'static str; 5],
    pub past_midnight_headers: [&'static str; 3],
    pub error_headers: [&'static str; 9],
    /// Parts of a file's name.
    pub file: &'static str,
    pub file_everybody: &'static str,
    pub file_all: &'static str,
}

const TURKISH: Labels = Labels {
    report_title: "Puantaj ve Mesai Raporu",
    range: "Tarih Aralığı",
    all_days: "tüm tarihler",
    nothing: "Kayıt yok",
    yes: "Evet",
    no: "Hayır",
    grand_total: "Genel Toplam",
    logo: "Kurum logosu",
    days: "Puantaj",
    summary: "Özet",
    special_days: "Özel Gün Çalışmaları",
    past_midnight: "Geceye Taşan Mesailer",
    errors: "Hatalar",
    day_headers: [
        "Çalışan",
        "Bölge",
        "Tarih",
        "Giriş",
        "Çıkış",
        "Mola (dk)",
        "Çalışılan (s)",
        "Plan (s)",
        "Fazla Mesai (s)",
        "Gece (s)",
        "Geceye Taşan (s)",
        "Özel Gün",
        "Özel Gün Normal (s)",
        "Özel Gün Fazla (s)",
        "Özel Gün Gece (s)",
        "Not",
    ],
    summary_headers: [
        "Çalışan",
        "Toplam Çalışılan",
        "Toplam Plan",
        "Toplam Fazla Mesai",
        "Toplam Gece",
        "Toplam Geceye Taşan",
        "Özel Gün Normal",
        "Özel Gün Gece",
        "Bölge",
    ],
    special_headers: ["Çalışan", "Tarih", "Normal", "Fazla", "Gece"],
    past_midnight_headers: ["Çalışan", "Tarih", "Geceye Taşan (s)"],
    error_headers: ["Çalışan", "Bölge", "Tarih", "Giriş", "Çıkış", "Mola (dk)", "Özel Gün", "Not", "Neden"],
    file: "puantaj_raporu",
    file_everybody: "tum_calisanlar",
    file_all: "tum",
};

const ENGLISH: Labels = Labels {
    report_title: "Timesheet and Overtime Report",
    range: "Dates",
    all_days: "all",
    nothing: "No entries",
    yes: "Yes",
    no: "No",
    grand_total: "Grand Total",
    logo: "The company's logo",
    days: "Timesheet",
    summary: "Summary",
    special_days: "Work on Special Days",
    past_midnight: "Shifts Past Midnight",
    errors: "Errors",
    day_headers: [
        "Employee",
        "Region",
        "Date",
        "Entry",
        "Exit",
        "Break (min)",
        "Worked (h)",
        "Planned (h)",
        "Overtime (h)",
        "Night (h)",
        "Past Midnight (h)",
        "Special Day",
        "Special Normal (h)",
        "Special Overtime (h)",
        "Special Night (h)",
        "Note",
    ],
    summary_headers: [
        "Employee",
        "Total Worked",
        "Total Planned",
        "Total Overtime",
        "Total Night",
        "Total Past Midnight",
        "Special Normal",
        "Special Night",
        "Region",
    ],
    special_headers: ["Employee", "Date", "Normal", "Overtime", "Night"],
    past_midnight_headers: ["Employee", "Date", "Past Midnight (h)"],
    error_headers: [
        "Employee",
        "Region",
        "Date",
        "Entry",
        "Exit",
        "Break (min)",
        "Special Day",
        "Note",
        "Reason",
    ],
    file: "timesheet_report",
    file_everybody: "all_employees",
    file_all: "all",
};

impl Language {
    pub(crate) fn labels(self) -> &'static Labels {
        match self {
            Self::Turkish => &TURKISH,
            Self::English => &ENGLISH,
        }
    }

    /// Row 4 of the first sheet.
    pub(crate) fn errors_elsewhere(self, count: usize) -> String {
        match self {
            Self::Turkish => {
                format!("Hesaplanamayan satır: {count}. Toplamlarda yoklar, Hatalar sayfasına bakın.")
            }
            Self::English => format!(
                "Rows that cannot be calculated: {count}. No total counts them; see the sheet Errors."
            ),
        }
    }

    pub(crate) fn nobodys_row(self) -> &'static str {
        match self {
            Self::Turkish => "Çalışan kaydı yok",
            Self::English => "There is no such employee",
        }
    }
}

/// Why a row cannot be calculated, as a person reads it.
#[must_use]
pub fn reason(language: Language, error: &ShiftError) -> String {
    match (language, error) {
        (Language::Turkish, ShiftError::Unreadable { field, problem }) => {
            format!("{}: {}", header(&TURKISH, *field), turkish(problem))
        }
        (Language::English, ShiftError::Unreadable { field, problem }) => {
            format!("{}: {}", header(&ENGLISH, *field), english(problem))
        }
        (Language::Turkish, ShiftError::NoLength { at }) => {
            format!("Giriş de çıkış da {at}: bütün gün mü çalışıldı, hiç mi, belli değil")
        }
        (Language::English, ShiftError::NoLength { at }) => {
            format!("Entry and exit are both {at}: all day or not at all, nobody can tell")
        }
    }
}

/// What the column of a field is called.
fn header(labels: &Labels, field: Field) -> &'static str {
    let [.., date, start, end, pause, _, _, _] = labels.error_headers;
    match field {
        Field::Date => date,
        Field::Start => start,
        Field::End => end,
        Field::Break => pause,
    }
}

fn turkish(problem: &InputError) -> String {
    match problem {
        InputError::NotADate { text } if text.is_empty() => "boş, tarih yazılmalı".into(),
        InputError::NotATime { text } if text.is_empty() => "boş, saat yazılmalı".into(),
        InputError::NotANumber { text } if text.is_empty() => "boş, sayı yazılmalı (mola yoksa 0)".into(),
        InputError::NotADate { text } => format!("“{text}” bir tarih değil"),
        InputError::NoSuchDay { text } => format!("“{text}” diye bir gün yok"),
        InputError::NotATime { text } => format!("“{text}” bir saat değil"),
        InputError::Hour { hour } => format!("saat {hour} olamaz, 0 ile 23 arasında olmalı"),
        InputError::Minute { minute } => format!("dakika {minute} olamaz, 0 ile 59 arasında olmalı"),
        InputError::Ambiguous { text } => format!("“{text}” iki ayrı saat olabilir, SS:DD biçiminde yazın"),
        InputError::NotANumber { text } => format!("“{text}” bir sayı değil"),
        InputError::NotWhole { text } => format!("“{text}” bir tam sayı değil"),
        InputError::NotAFlag { text } => format!("“{text}” evet ya da hayır değil"),
        InputError::NotAMonth { text } => format!("“{text}” bir ay değil (YYYY-AA)"),
    }
}

fn english(problem: &InputError) -> String {
    match problem {
        InputError::NotADate { text } if text.is_empty() => "empty, needs a date".into(),
        InputError::NotATime { text } if text.is_empty() => "empty, needs a time".into(),
        InputError::NotANumber { text } if text.is_empty() => "empty, needs a number (0 for no break)".into(),
        InputError::NotADate { text } => format!("“{text}” is not a date"),
        InputError::NoSuchDay { text } => format!("there is no day “{text}”"),
        InputError::NotATime { text } => format!("“{text}” is not a time"),
        InputError::Hour { hour } => format!("there is no hour {hour}, it must be from 0 to 23"),
        InputError::Minute { minute } => format!("there is no minute {minute}, it must be from 0 to 59"),
        InputError::Ambiguous { text } => format!("“{text}” can be two times, write it as HH:MM"),
        InputError::NotANumber { text } => format!("“{text}” is not a number"),
        InputError::NotWhole { text } => format!("“{text}” is not a whole number"),
        InputError::NotAFlag { text } => format!("“{text}” is neither yes nor no"),
        InputError::NotAMonth { text } => format!("“{text}” is not a month (YYYY-MM)"),
    }
}
