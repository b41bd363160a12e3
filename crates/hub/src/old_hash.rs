//! How the old programs kept passwords, and how the hub keeps theirs until somebody logs in.
//!
//! Of their fast hashes only a slow hash is kept: whoever reads the store cannot go on from there as quickly as from an
//! office's file. The one thing to know: an account with such a hash has a one-time password, since that hash lies on every
//! PC of the office.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};

/// What an old program kept of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OldHash {
    /// The password itself.
    Plain(String),
    /// SHA-256 of the password, or of a prefix and the password: the file does not tell. In lower-case digits.
    Sha256(String),
    Bcrypt(String),
}

const SHA256: &str = "old-sha256:";
const BCRYPT: &str = "old-bcrypt";
/// One that takes longer to check is somebody's joke. Each step doubles the time.
const BCRYPT_COST_MAX: u32 = 12;
const BCRYPT_CHARS: usize = 60;

/// `None`: a hash that cannot be checked, or nothing.
pub(crate) fn read(kept: &str) -> Option<OldHash> {
    let kept = kept.trim();
    let is_hex = HEXLOWER_PERMISSIVE.decode(kept.as_bytes()).is_ok();
    match kept.len() {
        0 => None,
        64 if is_hex => Some(OldHash::Sha256(kept.to_ascii_lowercase())),
        // Of an unknown kind.
        32.. if is_hex => None,
        _ if bcrypt_cost(kept).is_some_and(|cost| cost <= BCRYPT_COST_MAX) => {
            Some(OldHash::Bcrypt(kept.to_owned()))
        }
        _ if kept.starts_with('$') => None,
        _ => Some(OldHash::Plain(kept.to_owned())),
    }
}

fn bcrypt_cost(kept: &str) -> Option<u32> {
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|head| kept.strip_prefix(head))?;
    if kept.len() == BCRYPT_CHARS && kept.is_ascii() { rest.get(..2)?.parse().ok() } else { None }
}

/// The argon2id hash of an old hash, with the prefix that may stand before the password.
pub(crate) fn wrapped(argon2: &str, prefix: &str) -> String {
    [SHA256, &HEXLOWER.encode(prefix.as_bytes()), argon2].concat()
}

pub(crate) fn marked(bcrypt: &str) -> String {
    [BCRYPT, bcrypt].concat()
}

pub(crate) fn is_old(kept: &str) -> bool {
    kept.starts_with(SHA256) || kept.starts_with(BCRYPT)
}

/// Whether the password is the one of what is kept; `is_hashed` knows the hub's own hashes.
pub(crate) fn is(password: &str, kept: &str, is_hashed: impl Fn(&str, &str) -> bool) -> bool {
    if let Some(hash) = kept.strip_prefix(BCRYPT) {
        return bcrypt::verify(password, hash).unwrap_or(false);
    }
    let Some(rest) = kept.strip_prefix(SHA256) else { return is_hashed(password, kept) };
    let Some(at) = rest.find('$') else { return false };
    let (prefix, hash) = rest.split_at(at);
    let Ok(prefix) = HEXLOWER.decode(prefix.as_bytes()) else { return false };
    let fast = |prefix: &[u8]| {
        HEXLOWER.encode(&Sha256::new().chain_update(prefix).chain_update(password).finalize())
    };
    is_hashed(&fast(&prefix), hash) || is_hashed(&fast(b""), hash)
}
