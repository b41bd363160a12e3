//! What denk says to people, in Turkish and English.
//!
//! Texts are Fluent files, `locales/tr.ftl` and `locales/en.ftl`, built into the program. Code makes a [`Message`]
//! (a key and what goes into its gaps) without knowing the language; [`Text`] turns it into words at the edge.
//!
//! The one thing to know: a test holds both files to the same keys with the same variables, and every
//! `message("...")` and `text.get("...")` of the source to a key that exists. Numbers given as numbers are grouped
//! (`12,345` or `12.345`); ports, lines and the like go in as text.

mod choice;
#[cfg(test)]
mod tests;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

pub use choice::{Chosen, choose};

/// A language that denk speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Turkish,
    English,
}

/// A text in no language yet: the key of a text and what goes into its gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    key: String,
    arguments: Vec<(&'static str, Argument)>,
}

/// What goes into a gap of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    Text(String),
    /// Grouped by the habits of the language, and it decides between singular and plural.
    Number(i64),
    Message(Message),
}

/// The texts of one language.
pub struct Text {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

/// The text with this key.
pub fn message(key: impl Into<String>) -> Message {
    Message { key: key.into(), arguments: Vec::new() }
}

impl Message {
    /// Puts `value` into the gap `name`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Argument>) -> Self {
        self.arguments.push((name, value.into()));
        self
    }

    /// Words of somebody else (a database, the operating system), shown as they are.
    #[must_use]
    pub fn verbatim(words: impl Into<String>) -> Self {
        message("verbatim").with("words", words.into())
    }
}

impl Language {
    pub const ALL: [Self; 2] = [Self::Turkish, Self::English];

    /// `tr` or `en`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Turkish => "tr",
            Self::English => "en",
        }
    }

    /// Reads `tr`, `en`, `TR`, and locale names like `tr_TR.UTF-8`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let word = name.split(['_', '-', '.', '@']).next().unwrap_or_default().to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.code() == word)
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Turkish => include_str!("../../locales/tr.ftl"),
            Self::English => include_str!("../../locales/en.ftl"),
        }
    }

    const fn separator(self) -> char {
        match self {
            Self::Turkish => '.',
            Self::English => ',',
        }
    }
}

impl Text {
    /// # Panics
    /// When a built-in file is no Fluent: a mistake in the program, found by the first test.
    #[must_use]
    pub fn new(language: Language) -> Self {
        let locale = language.code().parse().expect("a language code is a locale");
        let mut bundle = FluentBundle::new_concurrent(vec![locale]);
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match language {
            Language::Turkish => |value, _| grouped(value, Language::Turkish),
            Language::English => |value, _| grouped(value, Language::English),
        }));
        let resource =
            FluentResource::try_new(language.source().to_owned()).expect("a built-in text file is valid");
        bundle.add_resource(resource).expect("no key stands twice in a built-in text file");
        Self { language, bundle }
    }

    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// A text without gaps.
    #[must_use]
    pub fn get(&self, key: &str) -> String {
        self.say(&message(key))
    }

    /// A text without gaps, if there is one with this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<String> {
        self.bundle.has_message(key).then(|| self.get(key))
    }

    /// A message in words. A key that does not exist is shown itself: a mistake that nobody overlooks.
    #[must_use]
    pub fn say(&self, message: &Message) -> String {
        let Some(pattern) = self.bundle.get_message(&message.key).and_then(|found| found.value()) else {
            return message.key.clone();
        };
        let mut arguments = FluentArgs::with_capacity(message.arguments.len());
        for (name, value) in &message.arguments {
            arguments.set(*name, self.value(value));
        }
        self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }

    /// A whole number as people of this language write it.
    #[must_use]
    pub fn number(&self, number: impl Into<i128>) -> String {
        group(&number.into().to_string(), self.language.separator())
    }

    fn value(&self, argument: &Argument) -> FluentValue<'static> {
        match argument {
            Argument::Text(text) => FluentValue::from(text.clone()),
            Argument::Number(number) => FluentValue::from(*number),
            Argument::Message(message) => FluentValue::from(self.say(message)),
        }
    }
}

fn grouped(value: &FluentValue, language: Language) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    Some(group(&number.as_string(), language.separator()))
}

/// Whole digits in threes; what is no whole number stays as it is.
fn group(digits: &str, separator: char) -> String {
    let (sign, digits) = digits.split_at(usize::from(digits.starts_with('-')));
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return format!("{sign}{digits}");
    }
    let mut shown = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(separator);
        }
        shown.push(digit);
    }
    shown
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&std::path::Path> for Argument {
    fn from(path: &std::path::Path) -> Self {
        Self::Text(path.display().to_string())
    }
}

impl From<i64> for Argument {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        Self::from(number as u64)
    }
}

impl From<Message> for Argument {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Text").field(&self.language).finish()
    }
}
