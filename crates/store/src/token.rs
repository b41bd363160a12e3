//! Tokens: 256 random bits that a site shows, of which only a hash is kept.

use data_encoding::BASE64URL_NOPAD;

use crate::Random;

/// What the store keeps of a token.
///
/// **Invariants**: comparing takes the same time whatever differs. A token has so much randomness that a plain hash
/// cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenHash(blake3::Hash);

/// Says what is hashed, so that this hash means nothing anywhere else.
const CONTEXT: &str = "denk 2026-11 hash of a site's token";
const BYTES: usize = 32;
/// Longer texts are not even hashed.
const TEXT_MAX: usize = 100;

/// `<number of the site>_<43 characters>`.
pub(crate) fn new(site: i64, random: &Random) -> String {
    let mut bytes = [0; BYTES];
    random(&mut bytes);
    [&site.to_string(), "_", &BASE64URL_NOPAD.encode(&bytes)].concat()
}

/// The site that a token says it is of.
pub(crate) fn site(token: &str) -> Option<i64> {
    let (site, _) = token.split_once('_')?;
    let digits = !site.is_empty() && site.bytes().all(|byte| byte.is_ascii_digit());
    if digits { site.parse().ok() } else { None }
}

impl TokenHash {
    pub(crate) fn of(token: &str) -> Option<Self> {
        let fits = !token.is_empty() && token.len() <= TEXT_MAX;
        fits.then(|| Self(blake3::Hash::from_bytes(blake3::derive_key(CONTEXT, token.as_bytes()))))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(blake3::Hash::from_bytes(bytes.try_into().ok()?)))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_token_is_256_bits_of_text_and_its_hash_is_not_the_token() {
        let random: Random = Arc::new(|bytes| bytes.iter_mut().enumerate().for_each(|(at, b)| *b = at as u8));
        let token = new(7, &random);
        assert_eq!(site(&token), Some(7));
        assert_eq!(BASE64URL_NOPAD.decode(&token.as_bytes()[2..]).unwrap(), (0..32).collect::<Vec<u8>>());
        let hash = TokenHash::of(&token).unwrap();
        assert_eq!(TokenHash::from_bytes(&hash.bytes()), Some(hash));
        assert_ne!(Some(hash), TokenHash::of(&token[1..]));
        assert!(!String::from_utf8_lossy(&hash.bytes()).contains(&token[..4]));
        assert_eq!(TokenHash::of(&"x".repeat(101)), None);
        assert_eq!(TokenHash::of(""), None);
    }
}
