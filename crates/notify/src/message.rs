//! News in words: a subject, a text, and JSON for programs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{News, Notice, plan::visible};

/// Lines of a kind that a text names; of more it says how many.
const LINES: usize = 20;
/// Items of each sort in JSON.
const ITEMS: usize = 200;
const SUBJECT_CHARS: usize = 120;

/// In which people are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Turkish,
    English,
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The same for the same news: who gets it twice can tell.
    pub id: String,
    /// **Invariants**: one line.
    pub subject: String,
    pub text: String,
    pub json: Value,
}

struct Words {
    new: &'static str,
    ended: &'static str,
    count_new: &'static str,
    count_ended: &'static str,
    more: &'static str,
    look: &'static str,
    test: &'static str,
    test_text: &'static str,
}

const TURKISH: Words = Words {
    new: "Yeni",
    ended: "Düzeldi",
    count_new: "yeni uyarı",
    count_ended: "düzelen",
    more: "tane daha",
    look: "Hepsi:",
    test: "denk: deneme",
    test_text: "Bu bir denemedir: denk uyarıları buraya gelecek.",
};

const ENGLISH: Words = Words {
    new: "New",
    ended: "Over",
    count_new: "new alerts",
    count_ended: "over",
    more: "more",
    look: "All of them:",
    test: "denk: test",
    test_text: "This is a test: denk's alerts will come here.",
};

const fn words(language: Language) -> &'static Words {
    match language {
        Language::Turkish => &TURKISH,
        Language::English => &ENGLISH,
    }
}

impl Message {
    /// `address`: where the hub's pages are, if that is known.
    #[must_use]
    pub fn of(news: &News, language: Language, (address, now_ms): (Option<&str>, i64)) -> Self {
        let words = words(language);
        let mut text = Vec::new();
        section(&mut text, words, words.new, news.new.iter().map(|one| (one.called.as_str(), one.line())));
        section(&mut text, words, words.ended, news.ended.iter().map(|one| ("", visible(&one.line))));
        if let Some(address) = address {
            text.push(format!("{} {address}/alerts", words.look));
        }
        let id = id(news);
        let json = json!({
            "id": id,
            "test": false,
            "at": time(now_ms),
            "text": text.join("\n"),
            "new": news.new.iter().take(ITEMS).map(|one| item(one, address)).collect::<Vec<_>>(),
            "new_count": news.new.len(),
            "ended": news.ended.iter().take(ITEMS).map(|one| json!({ "key": one.key, "text": visible(&one.line) })).collect::<Vec<_>>(),
            "ended_count": news.ended.len(),
        });
        Self { id, subject: subject(news, words), text: text.join("\n"), json }
    }

    /// A message that says only that messages arrive.
    #[must_use]
    pub fn test(language: Language, now_ms: i64) -> Self {
        let words = words(language);
        let (id, text) = (format!("test-{now_ms}"), words.test_text.to_owned());
        let json = json!({
            "id": id, "test": true, "at": time(now_ms), "text": text,
            "new": [], "new_count": 0, "ended": [], "ended_count": 0,
        });
        Self { id, subject: words.test.to_owned(), text, json }
    }
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

fn item(notice: &Notice, address: Option<&str>) -> Value {
    let url = address.zip(notice.path.as_ref()).map(|(address, path)| format!("{address}{path}"));
    json!({
        "key": notice.key,
        "kind": notice.kind,
        "severity": notice.level.word(),
        "region": notice.region,
        "about": visible(&notice.about),
        "text": notice.line(),
        "url": url,
    })
}

/// One alone is named, of several it is said how many.
fn subject(news: &News, words: &Words) -> String {
    let said = match (&news.new[..], &news.ended[..]) {
        ([one], []) => one.line(),
        ([], [one]) => format!("{}: {}", words.ended, one.line),
        (new, ended) => {
            let counts = [(new.len(), words.count_new), (ended.len(), words.count_ended)];
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            counts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
        }
    };
    visible(&format!("denk: {said}")).chars().take(SUBJECT_CHARS).collect()
}

/// Lines under a head, those of a kind together.
fn section<'a>(
    text: &mut Vec<String>,
    words: &Words,
    head: &str,
    lines: impl Iterator<Item = (&'a str, String)>,
) {
    let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    lines.for_each(|(kind, line)| kinds.entry(kind).or_default().push(line));
    if kinds.is_empty() {
        return;
    }
    text.push(format!("{head}:"));
    for lines in kinds.into_values() {
        let more = lines.len().saturating_sub(LINES);
        text.extend(lines.into_iter().take(LINES).map(|line| format!("- {line}")));
        if more > 0 {
            text.push(format!("- … {more} {}", words.more));
        }
    }
    text.push(String::new());
}

fn id(news: &News) -> String {
    let mut hasher = Sha256::new();
    for one in &news.new {
        hasher.update(format!("+{} {}\n", one.key, one.level.number()));
    }
    for one in &news.ended {
        hasher.update(format!("-{}\n", one.key));
    }
    data_encoding::HEXLOWER.encode(&hasher.finalize()[..16])
}
