//! What a store is opened with.

use std::{fmt, path::PathBuf, sync::Arc};

use database::Address;

/// Wall time in milliseconds since 1970, UTC.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;
/// Fills the bytes with randomness that nobody can guess: tokens are made of it.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Where a store is and what it is for.
#[derive(Clone)]
pub struct Settings {
    /// SQLite or PostgreSQL; a SQLite file is made if it is not there.
    pub address: Address,
    /// Where uploads and hand-outs are kept; made if it is not there.
    pub data_folder: PathBuf,
    pub preset: Preset,
    /// The largest upload that is taken; usually [`Settings::UPLOAD_BYTES_MAX`].
    pub upload_bytes_max: u64,
    /// With less room than that where the data are, people are told; usually [`Settings::FREE_BYTES_MIN`].
    pub free_bytes_min: u64,
    pub clock: WallClock,
    pub random: Random,
}

/// The files of a preset that the store needs.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// `tables.toml`.
    pub rules: &'static str,
    /// `office/schema.sqlite.sql`.
    pub schema: &'static str,
    /// `pages.toml`; empty: the hub has no lists.
    pub pages: &'static str,
}

impl Settings {
    /// Of a store of which nobody said otherwise.
    pub const UPLOAD_BYTES_MAX: u64 = 64 << 20;
    pub const FREE_BYTES_MIN: u64 = 1 << 30;
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("address", &self.address).field("data_folder", &self.data_folder).finish_non_exhaustive()
    }
}

#[cfg(test)]
impl Settings {
    /// An empty store in a folder, with a clock that stands still.
    pub(crate) fn test(folder: &std::path::Path) -> Self {
        Self {
            address: Address::sqlite(folder.join("hub.db")),
            data_folder: folder.to_owned(),
            preset: Preset {
                rules: include_str!("../../../presets/rainstaff/tables.toml"),
                schema: include_str!("../../../presets/rainstaff/office/schema.sqlite.sql"),
                pages: include_str!("../../../presets/rainstaff/pages.toml"),
            },
            upload_bytes_max: Self::UPLOAD_BYTES_MAX,
            free_bytes_min: 0,
            clock: Arc::new(|| 1),
            random: Arc::new(|bytes| bytes.fill(1)),
        }
    }
}
