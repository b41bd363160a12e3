//! What must be known before the arguments are understood: the language and form of an answer about wrong arguments.

use std::ffi::OsString;

use crate::messages::Language;

/// `--lang` and `--json`, wherever they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Early {
    pub lang: Option<Language>,
    pub json: bool,
}

impl Early {
    #[must_use]
    pub fn read(arguments: &[OsString]) -> Self {
        let mut early = Self::default();
        let mut words =
            arguments.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
        while let Some(word) = words.next() {
            match word {
                "--json" => early.json = true,
                "--lang" => early.lang = words.next().and_then(Language::named),
                _ => early.lang = word.strip_prefix("--lang=").and_then(Language::named).or(early.lang),
            }
        }
        early
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_seen_wherever_they_stand_but_not_after_the_end_of_flags() {
        let read = |line: &str| Early::read(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(read("denk rnu --json --lang tr"), Early { lang: Some(Language::Turkish), json: true });
        assert_eq!(read("denk --lang=en run"), Early { lang: Some(Language::English), json: false });
        assert_eq!(read("denk run -- --json --lang=en"), Early::default());
    }
}
