//! Which identity a row gets that nobody was told of.
//!
//! It follows from the file and the row's place in it: two copies of a file, and the hub that gets the file whole, give a
//! row the same one.

use std::collections::{HashMap, HashSet};

use merge::LocalId;
use model::{Gid, Value};
use serde::{Deserialize, Serialize};

use crate::{codec::Garbled, outbox::Outbox};

/// A secret of the file. An id may be used again, so each batch is followed by another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nonce {
    /// **Units**: milliseconds since 1970.
    pub made_ms: i64,
    /// 16 bytes, as two numbers.
    pub random: (u64, u64),
}

impl Nonce {
    #[must_use]
    pub const fn new(made_ms: i64, random: [u8; 16]) -> Self {
        let bits = u128::from_le_bytes(random);
        Self { made_ms, random: ((bits >> 64) as u64, bits as u64) }
    }

    fn gid(&self, table: &str, id: &LocalId) -> Gid {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.random.0.to_le_bytes()).update(&self.random.1.to_le_bytes());
        hasher.update(&(table.len() as u64).to_le_bytes()).update(table.as_bytes());
        hasher.update(Value::from(id).to_string().as_bytes());
        let mut bits = [0; 16];
        bits.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Gid::new(u64::try_from(self.made_ms).unwrap_or(0), u128::from_le_bytes(bits))
    }
}

/// How the new rows of a file are named.
#[derive(Clone, Debug, PartialEq)]
pub struct Naming {
    nonce: Nonce,
    /// Rows that were told already, in batches whose end is not known, by table and id.
    given: HashMap<(String, LocalId), Gid>,
}

impl Naming {
    /// # Errors
    /// A batch was not written by an agent.
    pub fn new<'o>(nonce: Nonce, sent: impl IntoIterator<Item = &'o Outbox>) -> Result<Self, Garbled> {
        let mut given = HashMap::new();
        for sent in sent {
            let new: HashSet<Gid> = sent.new_rows().collect();
            for told in sent.told.iter().filter(|told| new.contains(&told.gid())) {
                given.insert((told.table.clone(), told.id()?), told.gid());
            }
        }
        Ok(Self { nonce, given })
    }

    #[must_use]
    pub fn gid(&self, table: &str, id: &LocalId) -> Gid {
        let given = self.given.get(&(table.to_owned(), id.clone())).copied();
        given.unwrap_or_else(|| self.nonce.gid(table, id))
    }
}
