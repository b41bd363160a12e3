//! Hashing of passwords: argon2id, a few at a time, away from the threads that serve requests.

use std::{fmt, sync::Arc, time::Duration};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use store::Random;
use tokio::{sync::Semaphore, task, time};

use crate::old_hash::{self, OldHash};

/// Hashes and checks passwords. Cheap to clone; all clones share one queue.
#[derive(Clone)]
pub struct Passwords {
    random: Random,
    turns: Arc<Semaphore>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has {} to {} characters", Passwords::CHARS_MIN, Passwords::CHARS_MAX)]
    Length,
    #[error("the password is the name or the old password")]
    Known,
    /// Too many log-ins at once; retryable.
    #[error("too many log-ins at once")]
    Busy,
    #[error("the password could not be hashed")]
    Hash,
}

/// Each takes 19 MiB and a core for some hundredths of a second.
const AT_ONCE: usize = 2;
const TURN_WAIT: Duration = Duration::from_secs(10);
/// Of a password that nobody has; checked when there is no such person, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$ZGVua2RlbmtkZW5rZGVuaw$mJc0jv+1bbCrVUEaZlKr1sPIoPQ5EOb3UoV1vcDYbhY";
/// Without letters and digits that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const ONE_TIME_CHARS: usize = 20;
const SALT_BYTES: usize = 16;

impl Passwords {
    pub const CHARS_MIN: usize = 10;
    pub const CHARS_MAX: usize = 200;

    #[must_use]
    pub fn new(random: Random) -> Self {
        Self { random, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// From now on all turns are taken.
    #[cfg(test)]
    pub(crate) fn shut(&self) {
        self.turns.close();
    }

    /// A password that nobody can guess (100 bits).
    #[must_use]
    pub fn one_time(&self) -> String {
        let mut bytes = [0; ONE_TIME_CHARS];
        (self.random)(&mut bytes);
        bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
    }

    /// As `denk_users` keeps it: a PHC string.
    ///
    /// # Errors
    /// `Busy`, `Hash`.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let mut salt = [0; SALT_BYTES];
        (self.random)(&mut salt);
        let password = password.to_owned();
        self.work(move || {
            let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Hash)
        })
        .await?
    }

    /// What `denk_users` keeps of a password of which an old program kept this; `prefix` is what that program puts before
    /// a password. `None`: it is none of its ways.
    ///
    /// # Errors
    /// `Busy`, `Hash`.
    pub async fn from_old(&self, kept: &str, prefix: &str) -> Result<Option<String>, PasswordError> {
        Ok(match old_hash::read(kept) {
            None => None,
            Some(OldHash::Plain(password)) => Some(self.hash(&password).await?),
            Some(OldHash::Sha256(digits)) => Some(old_hash::wrapped(&self.hash(&digits).await?, prefix)),
            Some(OldHash::Bcrypt(hash)) => Some(old_hash::marked(&hash)),
        })
    }

    /// Whether a hash is an old program's, to be made anew as soon as somebody knows the password.
    #[must_use]
    pub fn is_old(hash: &str) -> bool {
        old_hash::is_old(hash)
    }

    /// Whether the password is the one of this hash; `None`: of nobody.
    ///
    /// # Errors
    /// `Busy`.
    pub async fn is(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        let (password, known) = (password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(NOBODY).to_owned();
        let same = self.work(move || {
            let short = password.chars().count() <= Self::CHARS_MAX;
            short && old_hash::is(&password, &hash, is_hashed)
        });
        Ok(same.await? && known)
    }

    /// Whether a person may choose this password.
    ///
    /// # Errors
    /// `Length`, `Known`.
    pub fn check_new(name: &str, old: &str, new: &str) -> Result<(), PasswordError> {
        if !(Self::CHARS_MIN..=Self::CHARS_MAX).contains(&new.chars().count()) {
            Err(PasswordError::Length)
        } else if new == old || new.to_lowercase() == name.to_lowercase() {
            Err(PasswordError::Known)
        } else {
            Ok(())
        }
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let turn = time::timeout(TURN_WAIT, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| PasswordError::Busy)?.map_err(|_| PasswordError::Busy)?;
        let done = task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| PasswordError::Hash)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(..)")
    }
}

/// Whether this text is the one of an argon2id hash.
fn is_hashed(text: &str, hash: &str) -> bool {
    Argon2::default().verify_password(text.as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    fn passwords() -> Passwords {
        let next = AtomicU8::new(0);
        Passwords::new(Arc::new(move |bytes| bytes.fill_with(|| next.fetch_add(1, Ordering::Relaxed))))
    }

    #[tokio::test]
    async fn only_the_password_itself_is_it_and_its_hash_is_argon2id_with_a_salt() {
        let passwords = passwords();
        let hash = passwords.hash("şifre-1234").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("şifre-1234").await.unwrap());
        assert_eq!(passwords.is("şifre-1234", Some(&hash)).await, Ok(true));
        assert_eq!(passwords.is("sifre-1234", Some(&hash)).await, Ok(false));
        assert_eq!(passwords.is("şifre-1234", Some("plain text")).await, Ok(false));
        assert_eq!(passwords.is("şifre-1234", None).await, Ok(false));
    }

    #[tokio::test]
    async fn a_password_of_an_old_program_is_known_and_its_hash_is_not_kept() {
        let passwords = passwords();
        // SHA-256 of `rainstaff::prv-a1`, SHA-256 of `abc`, bcrypt of `prv-a1`, and a password as it was typed.
        for (kept, password) in [
            ("5d0737b882b7ddb3bb089f64f36be614c3199d1d1d0b6dae033551715d5d5ca8", "prv-a1"),
            ("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "abc"),
            ("$2b$04$testkitpasswordsalt00eOG5V8XPuMGOkZEcJ.CTZ3a5fOqjWTJS", "prv-a1"),
            ("duz-parola", "duz-parola"),
        ] {
            let hash = passwords.from_old(kept, "rainstaff::").await.unwrap().unwrap();
            assert_eq!(passwords.is(password, Some(&hash)).await, Ok(true), "{kept}");
            for wrong in ["prv-a2", kept, &kept.to_lowercase(), ""] {
                let right = wrong == password;
                assert_eq!(passwords.is(wrong, Some(&hash)).await, Ok(right), "{wrong} for {kept}");
            }
            assert_eq!(Passwords::is_old(&hash), kept != "duz-parola");
            assert!(hash.contains("$2b$") || !hash.to_lowercase().contains(&kept.to_lowercase()), "{hash}");
        }
        let costly = "$2b$13$testkitpasswordsalt00eOG5V8XPuMGOkZEcJ.CTZ3a5fOqjWTJS";
        for odd in ["", "  ", "d41d8cd98f00b204e9800998ecf8427e", costly, "$2b$04$short", "$argon2id$x"] {
            assert_eq!(passwords.from_old(odd, "rainstaff::").await, Ok(None), "{odd}");
        }
        assert!(!Passwords::is_old(&passwords.hash("abc").await.unwrap()));
    }

    #[test]
    fn the_hash_of_nobody_is_a_hash() {
        let hash = argon2::password_hash::phc::PasswordHash::new(NOBODY).unwrap();
        assert_eq!(hash.algorithm.as_str(), "argon2id");
    }

    #[test]
    fn a_new_password_is_long_and_new() {
        assert_eq!(Passwords::check_new("ankara1", "eski", "123456789"), Err(PasswordError::Length));
        assert_eq!(Passwords::check_new("ankara1", "eski", &"x".repeat(201)), Err(PasswordError::Length));
        assert_eq!(Passwords::check_new("a", "1234567890", "1234567890"), Err(PasswordError::Known));
        assert_eq!(Passwords::check_new("Mehmet-Bey", "eski", "mehmet-bey"), Err(PasswordError::Known));
        assert_eq!(Passwords::check_new("ankara1", "eski", "ığüşöçİĞÜŞ"), Ok(()));
    }

    #[test]
    fn a_one_time_password_has_a_hundred_bits_of_readable_text() {
        let passwords = passwords();
        let (one, two) = (passwords.one_time(), passwords.one_time());
        assert_eq!(one.len(), ONE_TIME_CHARS);
        assert_ne!(one, two);
        assert!(!ALPHABET.iter().any(|c| b"o0l1".contains(c)));
    }
}
