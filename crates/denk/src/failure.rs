//! Failures as people see them: what failed, why, what to do; a stable code and an exit code for scripts.

mod code;
mod database;
mod flow;

pub use code::Code;
pub use database::Place;
pub use flow::reason;

use crate::messages::{Message, Text, message};

/// Why a command did not do what it was asked.
///
/// **Invariants**: holds no secret; every failure has a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(Box<Told>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    code: Code,
    what: Message,
    /// Outermost first.
    why: Vec<Message>,
    hint: Message,
}

/// Result of everything that can end a command.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    #[must_use]
    pub fn new(code: Code, what: Message, why: Message, hint: Message) -> Self {
        Self(Box::new(Told { code, what, why: vec![why], hint }))
    }

    /// Several things are wrong at once; all are told.
    #[must_use]
    pub fn of_reasons(code: Code, what: Message, why: Vec<Message>, hint: Message) -> Self {
        Self(Box::new(Told { code, what, why, hint }))
    }

    /// Tells what else failed for a reason of its own; the code and the hint are the first's.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.why.push(other.0.what);
        self.0.why.extend(other.0.why);
        self
    }

    /// Adds the causes behind `error`, outermost first, in their own words; what is said already is not said again.
    #[must_use]
    pub fn caused_by(mut self, error: &(dyn std::error::Error + 'static)) -> Self {
        for cause in chain(Some(error)).map(Message::verbatim) {
            if !self.0.why.contains(&cause) {
                self.0.why.push(cause);
            }
        }
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: Message) -> Self {
        self.0.hint = hint;
        self
    }

    #[must_use]
    pub fn what(mut self, what: Message) -> Self {
        self.0.what = what;
        self
    }

    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the process ends with.
    #[must_use]
    pub fn exit(&self) -> u8 {
        self.0.code.exit()
    }

    /// For people: `error[DENK-1004]: ...`, then the causes, then the hint.
    #[must_use]
    pub fn shown(&self, text: &Text) -> String {
        let mut shown = format!("{}[{}]: {}", text.get("failure-error"), self.0.code, text.say(&self.0.what));
        for why in &self.0.why {
            shown += &format!("\n  {}: {}", text.get("failure-why"), text.say(why));
        }
        shown + &format!("\n{}: {}", text.get("failure-hint"), text.say(&self.0.hint))
    }

    /// What failed and why, in one line.
    #[must_use]
    pub fn sentence(&self, text: &Text) -> String {
        let why: Vec<String> = self.0.why.iter().map(|why| text.say(why)).collect();
        format!("{}: {}", text.say(&self.0.what), why.join(": "))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint_words(&self, text: &Text) -> String {
        text.say(&self.0.hint)
    }

    /// For scripts: `{"error":{"code","what","why","hint"}}`.
    #[must_use]
    pub fn json(&self, text: &Text) -> serde_json::Value {
        let why: Vec<String> = self.0.why.iter().map(|why| text.say(why)).collect();
        serde_json::json!({"error": {
            "code": self.0.code.to_string(),
            "what": text.say(&self.0.what),
            "why": why.join(": "),
            "hint": text.say(&self.0.hint),
        }})
    }

    /// A defect in denk.
    #[must_use]
    pub fn defect(words: impl Into<String>) -> Self {
        Self::new(Code::Defect, message("defect-what"), Message::verbatim(words), message("defect-hint"))
    }
}

/// The messages of an error and its sources, each told once: many errors repeat their source.
fn chain(error: Option<&(dyn std::error::Error + 'static)>) -> impl Iterator<Item = String> {
    let mut told = String::new();
    std::iter::successors(error, |error| error.source()).filter_map(move |error| {
        let words = error.to_string();
        // The PostgreSQL driver's outermost error says no more than that.
        let new = !words.is_empty() && words != "db error" && !told.contains(&words);
        told.push_str(&words);
        new.then_some(words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    fn failure() -> Failure {
        Failure::new(
            Code::UnknownKey,
            message("defect-what"),
            Message::verbatim("because"),
            message("defect-hint"),
        )
    }

    #[test]
    fn a_cause_that_is_said_already_is_not_said_again() {
        let inner = std::io::Error::other("the disk is full");
        let told = Failure::new(
            Code::CannotWrite,
            message("demo-what"),
            Message::verbatim("the disk is full"),
            message("demo-hint"),
        )
        .caused_by(&inner);
        assert_eq!(told.shown(&Text::new(Language::English)).matches("the disk is full").count(), 1);
    }

    #[test]
    fn people_see_what_why_and_the_hint() {
        let shown = failure().shown(&Text::new(Language::English));
        let starts: Vec<&str> = shown.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(starts, ["error[DENK-1004]", "  because", "hint"]);
        let turkish = failure().shown(&Text::new(Language::Turkish));
        assert!(turkish.starts_with("hata[DENK-1004]: ") && turkish.contains("\nipucu: "), "{turkish}");
    }

    #[test]
    fn scripts_see_exactly_four_fields() {
        let json = failure().json(&Text::new(Language::English));
        let fields: Vec<&String> = json["error"].as_object().unwrap().keys().collect();
        assert_eq!((json.as_object().unwrap().len(), fields.len()), (1, 4));
        assert_eq!(fields, ["code", "what", "why", "hint"]);
        assert_eq!(json["error"]["why"], "because");
    }

    #[test]
    fn a_cause_that_its_effect_already_told_is_not_told_again() {
        let inner = std::io::Error::other("connection refused");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(Some(&outer)).collect::<Vec<_>>(), ["connection refused"]);
    }
}
