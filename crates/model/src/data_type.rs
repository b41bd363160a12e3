//! What a column can hold, with the limits at which a value is refused.

use crate::{Date, Timestamp};

/// What a column holds. Limits are the database's real ones, read from its catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    Bool,
    /// Whole numbers from `min` to `max`, both included.
    Int {
        min: i64,
        max: i64,
    },
    /// Binary floating point; `single` has 24 bits of mantissa instead of 53. `finite`: NaN and infinities are refused.
    Real {
        single: bool,
        finite: bool,
    },
    /// `(precision, scale)`; `None` holds up to 38 digits with any scale.
    Decimal(Option<(u8, u8)>),
    Text {
        max: Option<u32>,
        unit: TextUnit,
        traits: TextTraits,
    },
    /// `max` in bytes.
    Bytes {
        max: Option<u32>,
    },
    Date {
        years: (i32, i32),
    },
    /// Digits of fraction of a second.
    Time {
        digits: u8,
    },
    Timestamp {
        fraction: Fraction,
        years: (i32, i32),
    },
    /// A point in time; `keeps_offset` when the offset it was written in survives.
    Instant {
        fraction: Fraction,
        years: (i32, i32),
        keeps_offset: bool,
    },
    Uuid,
    Json,
    /// No declared type: any value, cell by cell (SQLite).
    Any,
    /// A type that only its own database knows; carried as that database's text form.
    Other {
        native: String,
    },
}

/// How a text length is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextUnit {
    /// Unicode characters (PostgreSQL).
    Chars,
    /// UTF-16 code units (SQL Server `nvarchar`).
    Utf16,
    /// Bytes in the column's code page (SQL Server `varchar`).
    Bytes,
}

/// What a text column cannot hold besides length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TextTraits {
    /// U+0000 is allowed.
    pub nul: bool,
    /// Blank-padded (`char(n)`): trailing blanks mean nothing and are removed on reading.
    pub padded: bool,
    /// Windows code page that limits the characters, 0 for all of Unicode.
    pub code_page: u16,
}

/// Resolution of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fraction {
    /// So many decimal digits of a second.
    Digits(u8),
    /// SQL Server `datetime`: .000, .003, .007.
    Tick300,
    /// SQL Server `smalldatetime`: whole minutes.
    Minute,
}

impl DataType {
    pub const INT8_UNSIGNED: Self = Self::Int { min: 0, max: 255 };
    pub const INT16: Self = Self::Int { min: -(1 << 15), max: (1 << 15) - 1 };
    pub const INT32: Self = Self::Int { min: -(1 << 31), max: (1 << 31) - 1 };
    pub const INT64: Self = Self::Int { min: i64::MIN, max: i64::MAX };
    pub const REAL: Self = Self::Real { single: false, finite: false };
    /// Text without limits.
    pub const TEXT: Self = Self::Text {
        max: None,
        unit: TextUnit::Chars,
        traits: TextTraits { nul: true, padded: false, code_page: 0 },
    };
    pub const BYTES: Self = Self::Bytes { max: None };
    pub const DATE: Self = Self::Date { years: (1, 9999) };
    pub const TIMESTAMP: Self = Self::Timestamp { fraction: Fraction::Digits(9), years: (1, 9999) };
    pub const INSTANT: Self =
        Self::Instant { fraction: Fraction::Digits(9), years: (1, 9999), keeps_offset: true };

    /// Word for people: `whole number`, `text`, ... is looked up under this stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int { .. } => "integer",
            Self::Real { .. } => "real",
            Self::Decimal(_) => "decimal",
            Self::Text { .. } => "text",
            Self::Bytes { .. } => "bytes",
            Self::Date { .. } => "date",
            Self::Time { .. } => "time",
            Self::Timestamp { .. } => "timestamp",
            Self::Instant { .. } => "timestamp with zone",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Any => "any",
            Self::Other { .. } => "other",
        }
    }
}

impl TextTraits {
    pub const UNLIMITED: Self = Self { nul: true, padded: false, code_page: 0 };
}

impl TextUnit {
    /// Length of `text` in this unit (for code pages of one byte a character).
    #[must_use]
    pub fn length(self, text: &str) -> usize {
        match self {
            Self::Chars | Self::Bytes => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }
}

impl Fraction {
    /// Whether `at` lies exactly on this resolution.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        let nanos = at.nanos_of_day();
        match self {
            Self::Digits(digits) => nanos % 10_i64.pow(9 - u32::from(digits.min(9))) == 0,
            Self::Minute => nanos % 60_000_000_000 == 0,
            Self::Tick300 => nanos % 1_000_000 == 0 && matches!(nanos / 1_000_000 % 10, 0 | 3 | 7),
        }
    }
}

/// Whether `date` lies in `years`; infinities do where the years are unbounded.
pub(crate) fn in_years(date: Date, years: (i32, i32)) -> bool {
    years == (i32::MIN, i32::MAX) || (years.0..=years.1).contains(&date.civil().0)
}
