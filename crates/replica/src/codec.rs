//! Rows, shadows and marks as bytes.
//!
//! Owns the forms in which they lie in the hub's and the agent's databases. The first byte is the version of the form;
//! the rest is postcard's: no names, whole numbers as short as they are. Nothing here is for people or other programs.

mod form;
#[cfg(test)]
mod tests;

use std::{borrow::Borrow, collections::BTreeMap};

use merge::{Cells, Heard, LocalId, Mark, ShadowRow};
use model::{Gid, SiteId};
use serde::{Deserialize, Serialize};

use crate::office_file::OwnTable;

/// Of all forms; a new one gets the next number, and the old ones stay readable.
const VERSION: u8 = 1;

/// Bytes that are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored {what} cannot be read: {why}")]
pub struct Garbled {
    pub what: &'static str,
    pub why: String,
}

/// Something that is stored as bytes.
///
/// **Invariants**: `decode(encode(x))` is `x` to the last bit: kinds of values, NaN and the sign of zero too. `decode`
/// takes any bytes without panic, in memory of the order of their number.
pub trait Stored: Sized {
    #[must_use]
    fn encode(&self) -> Vec<u8>;

    /// # Errors
    /// [`Garbled`]: also for a later version and for bytes that are left over.
    fn decode(bytes: &[u8]) -> Result<Self, Garbled>;
}

impl Stored for Cells {
    fn encode(&self) -> Vec<u8> {
        write(&form::cells(self))
    }

    fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
        read("cells", bytes, form::to_cells)
    }
}

impl Stored for Vec<ShadowRow> {
    fn encode(&self) -> Vec<u8> {
        encode_part(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
        read("shadow", bytes, |rows: Vec<form::ShadowRow<'_>>| form::all(rows, form::ShadowRow::read))
    }
}

impl Stored for Vec<Mark> {
    fn encode(&self) -> Vec<u8> {
        write(&form::marks(self))
    }

    fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
        read("marks", bytes, form::to_marks)
    }
}

impl Stored for BTreeMap<SiteId, Heard> {
    fn encode(&self) -> Vec<u8> {
        write(&self.iter().map(form::Heard::from).collect::<Vec<_>>())
    }

    fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
        read("sites heard", bytes, |all: Vec<form::Heard>| {
            Some(all.into_iter().map(form::Heard::read).collect())
        })
    }
}

impl Stored for OwnTable {
    fn encode(&self) -> Vec<u8> {
        write(&form::OwnTable::from(self))
    }

    fn decode(bytes: &[u8]) -> Result<Self, Garbled> {
        read("table of a device", bytes, form::OwnTable::read)
    }
}

/// Some rows of a shadow, as [`Stored::encode`] writes them.
#[must_use]
pub fn encode_part<R: Borrow<ShadowRow>>(rows: &[R]) -> Vec<u8> {
    write(&rows.iter().map(|row| form::ShadowRow::from(row.borrow())).collect::<Vec<_>>())
}

/// Which id is which row, in some rows of a shadow.
///
/// # Errors
/// As [`Stored::decode`].
pub fn decode_ids(bytes: &[u8]) -> Result<Vec<(LocalId, Gid)>, Garbled> {
    read("shadow", bytes, |rows: Vec<form::ShadowRow<'_>>| {
        Some(rows.iter().map(form::ShadowRow::id).collect())
    })
}

fn write(form: &impl Serialize) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "memory takes everything, and every form knows its length")]
    postcard::to_extend(form, vec![VERSION]).expect("forms can be written")
}

/// `then` refuses what no program would have written.
fn read<'a, F: Deserialize<'a>, T>(
    what: &'static str,
    bytes: &'a [u8],
    then: impl FnOnce(F) -> Option<T>,
) -> Result<T, Garbled> {
    let garbled = |why: String| Garbled { what, why };
    let form = match bytes.split_first() {
        Some((&VERSION, form)) => form,
        Some((version, _)) => return Err(garbled(format!("version {version} is not known"))),
        None => return Err(garbled("it is empty".to_owned())),
    };
    let (form, rest) = postcard::take_from_bytes(form).map_err(|error| garbled(error.to_string()))?;
    if !rest.is_empty() {
        return Err(garbled(format!("{} bytes are left over", rest.len())));
    }
    then(form).ok_or_else(|| garbled("it holds a value that does not exist".to_owned()))
}
