//! What is written beside a backup: what it is of, and by what it is known to be whole.

use serde::{Deserialize, Serialize};

use super::error::Fault;

/// The form of descriptions that this version writes and reads.
const FORM: u32 = 1;
/// Stands where the seal will stand, while the seal is made.
const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Describes one backup.
///
/// **Invariants**: `seal` is a hash over the text itself, so that no byte of it changes unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    form: u32,
    pub id: String,
    /// When it was begun. **Units**: milliseconds since 1970.
    pub at_ms: i64,
    pub reason: Reason,
    /// Version of the denk that made it.
    pub denk: String,
    /// Number of the newest change in it; `None` for a file that is no store (the safety copy of a broken one).
    pub rev: Option<i64>,
    /// The store's own name: another store in its place, such as an empty one, is not the same.
    pub hub: Option<String>,
    /// The store's file.
    pub plain: Sum,
    /// The same, compressed (zstd).
    pub packed: Sum,
    /// In order of name; `None`: the file was damaged already, and was kept as it was.
    pub tables: Option<Vec<TableSum>>,
    seal: String,
}

/// Length and hash (BLAKE3, hexadecimal) of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub bytes: u64,
    pub blake3: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    pub name: String,
    pub rows: u64,
    pub hash: String,
}

/// Why a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its time had come.
    Schedule,
    /// Somebody asked for it.
    Asked,
    /// The store that a restore took the place of.
    Safety,
}

impl Reason {
    /// Stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Asked => "asked",
            Self::Safety => "safety",
        }
    }
}

impl Manifest {
    pub(super) fn new(id: String, (at_ms, reason): (i64, Reason), denk: &str) -> Self {
        Self {
            form: FORM,
            id,
            at_ms,
            reason,
            denk: denk.to_owned(),
            rev: None,
            hub: None,
            plain: Sum::default(),
            packed: Sum::default(),
            tables: None,
            seal: UNSEALED.to_owned(),
        }
    }

    /// The text of the file, sealed.
    pub(super) fn text(&self) -> String {
        let unsealed = Self { seal: UNSEALED.to_owned(), ..self.clone() };
        #[expect(clippy::expect_used, reason = "memory takes everything, and every name is a text")]
        let text = serde_json::to_string_pretty(&unsealed).expect("a description can be written") + "\n";
        let seal = blake3::hash(text.as_bytes()).to_hex().to_string();
        // The last one: nothing else that is all zeros comes after it.
        match text.rfind(UNSEALED) {
            Some(at) => [&text[..at], &seal, &text[at + UNSEALED.len()..]].concat(),
            None => text,
        }
    }

    /// # Errors
    /// `Manifest`, `Newer`.
    pub(super) fn read(text: &[u8], id: &str) -> Result<Self, Fault> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
            seal: String,
        }
        let Form { form, seal } = serde_json::from_slice(text).map_err(|_| Fault::Manifest)?;
        let text = std::str::from_utf8(text).map_err(|_| Fault::Manifest)?;
        let at = text.rfind(&seal).filter(|_| seal.len() == UNSEALED.len()).ok_or(Fault::Manifest)?;
        let unsealed = [&text[..at], UNSEALED, &text[at + seal.len()..]].concat();
        if blake3::hash(unsealed.as_bytes()).to_hex().as_str() != seal {
            return Err(Fault::Manifest);
        }
        if form > FORM {
            return Err(Fault::Newer);
        }
        let manifest: Self = serde_json::from_str(text).map_err(|_| Fault::Manifest)?;
        if manifest.id == id { Ok(manifest) } else { Err(Fault::Manifest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_description_changes_unnoticed() {
        let mut manifest = Manifest::new("20260124T000000Z".to_owned(), (1, Reason::Asked), "0.1.0");
        manifest.tables = Some(vec![TableSum { name: "t".to_owned(), rows: 3, hash: UNSEALED.to_owned() }]);
        let text = manifest.text();
        let read = Manifest::read(text.as_bytes(), &manifest.id).unwrap();
        assert_eq!(Manifest { seal: UNSEALED.to_owned(), ..read }, manifest);
        for at in 0..text.len() {
            for bit in [1, 2, 32] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= bit;
                assert_eq!(Manifest::read(&bytes, &manifest.id), Err(Fault::Manifest), "{at} {bit}");
            }
            assert_eq!(
                Manifest::read(&text.as_bytes()[..at], &manifest.id),
                Err(Fault::Manifest),
                "cut {at}"
            );
        }
        assert_eq!(
            Manifest::read(text.as_bytes(), "20260124T000001Z"),
            Err(Fault::Manifest),
            "of another one"
        );
    }
}
