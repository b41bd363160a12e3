//! What is sent now: the difference between what is wrong and what was told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};

use crate::{Digest, Quiet};

/// How pressing something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Info,
    Warning,
    Serious,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same as long as it is the same.
    pub key: String,
    /// What it is, in a word of programs and in words for people.
    pub kind: &'static str,
    pub called: String,
    pub level: Level,
    pub region: Option<String>,
    /// Which row or PC.
    pub about: String,
    pub what: String,
    /// Where it can be looked at, behind the hub's address.
    pub path: Option<String>,
    /// It is a state: people are told when it is over.
    pub ends: bool,
    /// It is about a row of the business: what is kept of it names nobody, so that people can be forgotten.
    pub personal: bool,
    /// Somebody marked it as seen: it is no news, and is not over.
    pub seen: bool,
}

/// Something that people were told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub key: String,
    pub level: Level,
    pub ends: bool,
    /// What was said, to name it when it is over.
    pub line: String,
}

/// Who wants to be told what, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    pub minimum: Level,
    pub quiet: Option<Quiet>,
    pub digest: Digest,
    /// `None`: all regions, and what is of none.
    pub region: Option<String>,
}

/// What is to be told, and what may be forgotten once it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    pub new: Vec<Notice>,
    pub ended: Vec<Told>,
    /// Keys of what passed without anything to say.
    pub forgotten: Vec<String>,
}

impl Level {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Serious => "serious",
        }
    }

    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Serious].into_iter().find(|level| level.word() == word)
    }

    /// As it is kept.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Info => 0,
            Self::Warning => 1,
            Self::Serious => 2,
        }
    }

    #[must_use]
    pub const fn of_number(number: i64) -> Self {
        match number {
            ..=0 => Self::Info,
            1 => Self::Warning,
            2.. => Self::Serious,
        }
    }
}

impl Rules {
    /// Whether anything may be sent now, when the last message went at `last_ms`.
    #[must_use]
    pub fn is_due(&self, (last_ms, now_ms, zone): (Option<i64>, i64, &TimeZone)) -> bool {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let now = now.to_zoned(zone.clone()).time();
        !self.quiet.is_some_and(|quiet| quiet.holds(now)) && self.digest.is_due(last_ms, now_ms, zone)
    }
}

impl Notice {
    /// In one line.
    #[must_use]
    pub fn line(&self) -> String {
        let region = self.region.iter().map(|region| format!(" ({region})")).collect::<String>();
        let parts = [&self.called, &self.about, &self.what].into_iter().filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.map(String::as_str).collect();
        // One line, whatever somebody's name is.
        visible(&format!("{}{region}", parts.join(" · ")))
    }

    #[must_use]
    pub fn told(&self) -> Told {
        let line = if self.personal { self.without_name() } else { self.line() };
        Told { key: self.key.clone(), level: self.level, ends: self.ends, line }
    }

    fn without_name(&self) -> String {
        let unnamed = Self { about: String::new(), what: String::new(), ..self.clone() };
        unnamed.line()
    }
}

/// Text without line ends and other control characters, of a length that fits a line.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

impl News {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.ended.is_empty()
    }
}

/// What is to be sent now. `None`: nothing, or not now.
///
/// **Invariants**: once what it tells is among `told`, the same `current` gives nothing.
#[must_use]
pub fn plan(
    rules: &Rules,
    (last_ms, now_ms, zone): (Option<i64>, i64, &TimeZone),
    current: &[Notice],
    told: &[Told],
) -> Option<News> {
    if !rules.is_due((last_ms, now_ms, zone)) {
        return None;
    }
    let news = news(rules, current, told);
    (!news.is_empty() || !news.forgotten.is_empty()).then_some(news)
}

fn news(rules: &Rules, current: &[Notice], told: &[Told]) -> News {
    let known: BTreeMap<&str, Level> = told.iter().map(|one| (one.key.as_str(), one.level)).collect();
    let there: BTreeSet<&str> = current.iter().map(|notice| notice.key.as_str()).collect();
    let is_wanted = |notice: &&Notice| {
        notice.level >= rules.minimum && (rules.region.is_none() || rules.region == notice.region)
    };
    let is_new = |notice: &&Notice| {
        !notice.seen && known.get(notice.key.as_str()).is_none_or(|level| *level < notice.level)
    };
    let (ended, forgotten): (Vec<&Told>, Vec<&Told>) =
        told.iter().filter(|one| !there.contains(one.key.as_str())).partition(|one| one.ends);
    News {
        new: current.iter().filter(is_wanted).filter(is_new).cloned().collect(),
        ended: ended.into_iter().cloned().collect(),
        forgotten: forgotten.into_iter().map(|one| one.key.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_MS: i64 = 1_768_813_200_000;

    fn notice(key: &str, level: Level) -> Notice {
        Notice {
            key: key.to_owned(),
            kind: "silent",
            called: "Susan bilgisayar".to_owned(),
            level,
            region: Some("Ankara".to_owned()),
            about: key.to_owned(),
            what: "haber yok".to_owned(),
            path: None,
            ends: true,
            personal: false,
            seen: false,
        }
    }

    fn rules() -> Rules {
        Rules { minimum: Level::Warning, quiet: None, digest: Digest::AtOnce, region: None }
    }

    fn at(
        rules: &Rules,
        now_ms: i64,
        current: &[Notice],
        told: &[Told],
    ) -> Option<(Vec<String>, Vec<String>)> {
        let news = plan(rules, (None, now_ms, &TimeZone::UTC), current, told)?;
        Some((
            news.new.into_iter().map(|one| one.key).collect(),
            news.ended.into_iter().map(|one| one.key).collect(),
        ))
    }

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn each_is_told_once_and_again_when_it_is_worse_or_over() {
        let (one, worse) = (notice("a", Level::Warning), notice("a", Level::Serious));
        let sent = at(&rules(), NOON_MS, std::slice::from_ref(&one), &[]);
        assert_eq!(sent, Some((keys(&["a"]), vec![])));
        let told = [one.told()];
        assert_eq!(at(&rules(), NOON_MS, std::slice::from_ref(&one), &told), None);
        assert_eq!(at(&rules(), NOON_MS, std::slice::from_ref(&worse), &told), Some((keys(&["a"]), vec![])));
        assert_eq!(at(&rules(), NOON_MS, &[one], &[worse.told()]), None, "better is no news");
        assert_eq!(at(&rules(), NOON_MS, &[], &told), Some((vec![], keys(&["a"]))));
    }

    #[test]
    fn what_happened_once_does_not_end_and_what_was_seen_neither() {
        let event = Notice { ends: false, ..notice("a", Level::Serious) };
        let news = plan(&rules(), (None, NOON_MS, &TimeZone::UTC), &[], &[event.told()]).unwrap();
        assert_eq!((news.is_empty(), news.forgotten), (true, keys(&["a"])));
        let seen = Notice { seen: true, ..notice("b", Level::Serious) };
        assert_eq!(at(&rules(), NOON_MS, std::slice::from_ref(&seen), &[]), None);
        assert_eq!(at(&rules(), NOON_MS, std::slice::from_ref(&seen), &[seen.told()]), None);
    }

    #[test]
    fn nobody_is_told_what_is_another_region_s_or_too_little_or_in_quiet_hours() {
        let all = [
            notice("info", Level::Info),
            notice("ankara", Level::Warning),
            Notice { region: Some("Bursa".into()), ..notice("bursa", Level::Warning) },
            Notice { region: None, ..notice("hub", Level::Warning) },
        ];
        assert_eq!(at(&rules(), NOON_MS, &all, &[]).unwrap().0, keys(&["ankara", "bursa", "hub"]));
        let ankara = Rules { region: Some("Ankara".to_owned()), ..rules() };
        assert_eq!(at(&ankara, NOON_MS, &all, &[]).unwrap().0, keys(&["ankara"]));
        let quiet = Rules { quiet: Quiet::read("08:00-10:00"), ..rules() };
        assert_eq!(at(&quiet, NOON_MS, &all, &[]), None);
        assert!(at(&quiet, NOON_MS + 60 * 60 * 1000, &all, &[]).is_some());
    }

    #[test]
    fn what_is_kept_of_a_row_names_nobody() {
        let row = Notice { personal: true, ..notice("Ali Deneme", Level::Warning) };
        assert_eq!(row.told().line, "Susan bilgisayar (Ankara)");
    }

    #[test]
    fn a_line_is_one_line_whatever_a_name_is() {
        let evil = Notice { about: "Ali\r\nBcc: x@y.example\n\nhepsi".into(), ..notice("a", Level::Info) };
        assert_eq!(evil.line(), "Susan bilgisayar · Ali  Bcc: x@y.example  hepsi · haber yok (Ankara)");
        assert_eq!(notice(&"x".repeat(900), Level::Info).line().chars().count(), 300);
    }
}
