//! Files on a server that is reached by SSH (SFTP): put there whole or not at all, listed, fetched, removed.
//!
//! Owns the connection and what is checked of it: the server's key, which somebody named before, and who logs in. Does not
//! know what the files are. The one thing to know: a file stands under its name only after it was read back and is what was
//! sent; until then it lies beside it under a name that ends in `.part`.

mod address;
mod connection;
mod error;
mod transfer;

pub use address::Address;
pub use connection::{Login, Remote, Target};
pub use error::{Denied, Error, Result};
pub use transfer::{Entry, PART};

/// Whether a text can be the fingerprint of a server's key, as `ssh-keygen -l` shows it: `SHA256:` and 43 characters.
#[must_use]
pub fn is_fingerprint(text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    text.strip_prefix("SHA256:").is_some_and(|hash| hash.len() == 43 && hash.chars().all(is_base64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_what_ssh_shows() {
        let hash = "A".repeat(43);
        assert!(is_fingerprint(&format!("SHA256:{hash}")));
        for odd in [
            "",
            "SHA256:",
            &hash,
            &format!("MD5:{hash}"),
            &format!("SHA256:{hash}="),
            &format!("SHA256:{}", "é".repeat(43)),
        ] {
            assert!(!is_fingerprint(odd), "{odd}");
        }
    }
}
