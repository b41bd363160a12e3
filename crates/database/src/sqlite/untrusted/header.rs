//! The first hundred bytes of the file, checked before SQLite sees any of it.
//!
//! **Source**: <https://www.sqlite.org/fileformat2.html>, section 1.3.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::refused::Refused;

const HEADER_BYTES: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Smallest part of a page that is left for content.
const USABLE_MIN: u64 = 480;
const FRACTIONS: [u8; 3] = [64, 32, 32];
const SCHEMA_FORMAT_MAX: u32 = 4;
const UTF8: u32 = 1;

/// # Errors
/// `TooLarge`, `NotADatabase`, `UnknownFormat`, `WalWithoutLog`, `Damaged`; `Failed` when the file cannot be read.
pub(super) fn check(path: &Path, bytes_max: u64) -> Result<(), Refused> {
    let mut file = File::open(path).map_err(Refused::by_system)?;
    let metadata = file.metadata().map_err(Refused::by_system)?;
    if !metadata.is_file() {
        return Err(Refused::by_system(io::ErrorKind::InvalidInput.into()));
    }
    let bytes = metadata.len();
    if bytes > bytes_max {
        return Err(Refused::TooLarge { bytes, max: bytes_max });
    }
    let mut header = [0; HEADER_BYTES];
    match file.read_exact(&mut header) {
        Ok(()) => Header(&header).check(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Refused::NotADatabase),
        Err(error) => Err(Refused::by_system(error)),
    }
}

struct Header<'a>(&'a [u8; HEADER_BYTES]);

impl Header<'_> {
    fn check(&self, file_bytes: u64) -> Result<(), Refused> {
        if !self.0.starts_with(MAGIC) {
            return Err(Refused::NotADatabase);
        }
        self.check_versions()?;
        self.check_pages(file_bytes)?;
        // An empty database has no format and no encoding yet.
        if self.number(44) > SCHEMA_FORMAT_MAX {
            return Err(Refused::UnknownFormat("its schema is of a later version"));
        }
        if self.number(56) > UTF8 {
            return Err(Refused::UnknownFormat("its text is not in UTF-8"));
        }
        Ok(())
    }

    /// Either version says WAL: a reader goes by the one, a writer by the other.
    fn check_versions(&self) -> Result<(), Refused> {
        match (self.0[18], self.0[19]) {
            (1, 1) => Ok(()),
            (1 | 2, 1 | 2) => Err(Refused::WalWithoutLog),
            _ => Err(Refused::UnknownFormat("it is of a later version")),
        }
    }

    fn check_pages(&self, file_bytes: u64) -> Result<(), Refused> {
        let page = self.page_bytes().ok_or(Refused::damaged("its page size is none"))?;
        if page - u64::from(self.0[20]) < USABLE_MIN || self.0[21..24] != FRACTIONS {
            return Err(Refused::damaged("its pages are laid out as no page is"));
        }
        // The number of pages is only kept by writers that also note for which change it holds.
        let counted = if self.number(24) == self.number(92) { self.number(28) } else { 0 };
        if !file_bytes.is_multiple_of(page) || u64::from(counted) * page > file_bytes {
            return Err(Refused::damaged("its end is missing"));
        }
        Ok(())
    }

    fn page_bytes(&self) -> Option<u64> {
        match u16::from_be_bytes([self.0[16], self.0[17]]) {
            1 => Some(65_536),
            bytes if bytes >= 512 && bytes.is_power_of_two() => Some(bytes.into()),
            _ => None,
        }
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]])
    }
}
