//! The five users that every office file has, with passwords of our own.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// A user of the old program.
///
/// **Invariants**: the passwords are as long as the published ones and, having letters in them, none of those.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    pub username: &'static str,
    pub role: &'static str,
    pub region: &'static str,
    pub password: &'static str,
    /// As the second edition stores the password.
    pub bcrypt: &'static str,
}

/// In the order in which the programs create them.
pub const ACCOUNTS: [Account; 5] = [
    Account {
        username: "ankara1",
        role: "user",
        region: "Ankara",
        password: "prv-a1",
        bcrypt: "$2b$04$testkitpasswordsalt00eOG5V8XPuMGOkZEcJ.CTZ3a5fOqjWTJS",
    },
    Account {
        username: "izmir1",
        role: "user",
        region: "Izmir",
        password: "prv-i1",
        bcrypt: "$2b$04$testkitpasswordsalt00uccrLkZzMVH8z/zd11bDwHd5sxOcRhjG",
    },
    Account {
        username: "bursa1",
        role: "user",
        region: "Bursa",
        password: "prv-b1",
        bcrypt: "$2b$04$testkitpasswordsalt00O7us1jG3FHolcPUUEhCqsyc7oYQ04.Hi",
    },
    Account {
        username: "istanbul1",
        role: "user",
        region: "Istanbul",
        password: "prv-s1",
        bcrypt: "$2b$04$testkitpasswordsalt00.YcWpgX.swZLlBfbMJq8nglFSIVqK78m",
    },
    Account {
        username: "admin",
        role: "admin",
        region: "ALL",
        password: "prv-h1",
        bcrypt: "$2b$04$testkitpasswordsalt00uQ7WvGhR7PFr76I8NtGhHFDiqlqLjiHi",
    },
];

/// As the first generation and every live file store a password: SHA-256 of a constant prefix and the password.
pub(super) fn prefixed(password: &str) -> String {
    unsalted(&["rainstaff::", password].concat())
}

/// As the second generation stores a password: SHA-256 in hexadecimal digits.
pub(super) fn unsalted(password: &str) -> String {
    Sha256::digest(password).iter().fold(String::new(), |mut hex, byte| {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_other_programs() {
        assert_eq!(prefixed("prv-a1"), "5d0737b882b7ddb3bb089f64f36be614c3199d1d1d0b6dae033551715d5d5ca8");
        assert_eq!(unsalted("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
