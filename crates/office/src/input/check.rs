//! What a weekly check says of one item.

use super::fold;

/// How an item of a vehicle's weekly check was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckStatus {
    /// `Olumlu`.
    Good,
    /// `Olumsuz`.
    Bad,
    /// `Bilinmiyor`, `Belirsiz`, and whatever says nothing.
    Unknown,
}

impl CheckStatus {
    /// A text with the word `olumsuz`, `bad`, `0` or `no` is bad; else one with `olumlu`, `good`, `ok`, `1` or `yes` is good.
    ///
    /// **Corrects** the old program, which looked for letters instead of words: `yok` (there is none) was good because of
    /// `ok`, `10` was bad because of `0`.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let folded = fold(text);
        let has =
            |wanted: &[&str]| folded.split(|c: char| !c.is_alphanumeric()).any(|word| wanted.contains(&word));
        if has(&["olumsuz", "bad", "0", "no"]) {
            Self::Bad
        } else if has(&["olumlu", "good", "ok", "1", "yes"]) {
            Self::Good
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_decide_and_not_letters_in_them() {
        for (text, wanted) in [
            ("Olumsuz", CheckStatus::Bad),
            ("OLUMSUZ - sağ far", CheckStatus::Bad),
            ("bad", CheckStatus::Bad),
            ("0", CheckStatus::Bad),
            ("no", CheckStatus::Bad),
            ("Olumlu", CheckStatus::Good),
            ("OK", CheckStatus::Good),
            ("good", CheckStatus::Good),
            ("1", CheckStatus::Good),
            ("Yes", CheckStatus::Good),
            ("yok", CheckStatus::Unknown),
            ("10", CheckStatus::Unknown),
            ("Bilinmiyor", CheckStatus::Unknown),
            ("Belirsiz", CheckStatus::Unknown),
            ("", CheckStatus::Unknown),
        ] {
            assert_eq!(CheckStatus::read(text), wanted, "{text:?}");
        }
    }
}
