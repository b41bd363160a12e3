//! What the page shows.

use askama::Template;
use jiff::{Timestamp, tz::TimeZone};
use replica::wire::Conflict;
use serde::Serialize;

use super::{Language, words::Words};
use crate::{Agent, Kind, NoEnrolment, Settings, State};

#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct View {
    words: &'static Words,
    live: Live,
    settings: Settings,
    file: String,
    note: Option<(&'static str, bool)>,
    errors: Vec<(String, String)>,
    /// `None`: the hub could not be asked.
    conflicts: Option<Vec<Conflict>>,
}

/// What changes while the page is looked at.
#[derive(Serialize)]
pub(super) struct Live {
    /// `Senkron OK (Ankara)`, `Senkron HATA: ...`.
    pub status: String,
    pub ok: bool,
    pub last_sync: String,
    pub waiting: u64,
    pub held: u64,
    pub connection: &'static str,
    pub clock: String,
}

/// What a form came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    Saved,
    NotSaved,
    Reached,
    Synced,
    NotSynced,
    Away,
    Token,
    Certificate,
    Trouble,
    Url,
    BadToken,
    Fingerprint,
}

/// Clocks that differ by less are right. **Units**: milliseconds.
const CLOCK_MS: i64 = 2_000;

impl View {
    pub fn new(
        agent: &Agent,
        language: Language,
        zone: &TimeZone,
        note: Option<Note>,
        conflicts: Option<Vec<Conflict>>,
    ) -> Self {
        let (words, settings) = (language.words(), agent.settings());
        let errors = agent.state().troubles.into_iter();
        let errors = errors.map(|trouble| (moment(trouble.at_ms, zone), trouble.text));
        Self {
            words,
            live: Live::new(agent, language, zone),
            file: settings.db.display().to_string(),
            settings,
            note: note.map(|note| note.told(words)),
            errors: errors.collect(),
            conflicts,
        }
    }
}

impl Live {
    pub fn new(agent: &Agent, language: Language, zone: &TimeZone) -> Self {
        let (words, state) = (language.words(), agent.state());
        let active = agent.settings().active;
        Self {
            status: status(words, active, &state),
            ok: !active || state.trouble.is_none(),
            last_sync: state.done_ms.map_or_else(|| words.never.to_owned(), |ms| moment(ms, zone)),
            waiting: state.report.waiting,
            held: state.report.held,
            connection: if state.online { words.live } else { words.by_timer },
            clock: clock(words, state.report.clock_ahead_ms),
        }
    }
}

fn status(words: &Words, active: bool, state: &State) -> String {
    match (&state.trouble, &state.region) {
        _ if !active => words.off.to_owned(),
        (Some(trouble), _) => format!("{}: {}", words.error, of_kind(words, trouble.kind)),
        (None, Some(region)) => format!("{} ({region})", words.ok),
        (None, None) if state.busy => words.busy.to_owned(),
        (None, None) => words.never.to_owned(),
    }
}

const fn of_kind(words: &Words, kind: Kind) -> &'static str {
    match kind {
        Kind::Away => words.away,
        Kind::Token => words.wrong_token,
        Kind::Certificate => words.wrong_certificate,
        Kind::File => words.file_trouble,
        Kind::Other => words.trouble,
    }
}

fn clock(words: &Words, ahead_ms: i64) -> String {
    let minutes = ahead_ms.abs() / 60_000;
    let seconds = ahead_ms.abs() / 1_000 % 60;
    if ahead_ms.abs() < CLOCK_MS {
        return words.clock_right.to_owned();
    }
    let way = if ahead_ms > 0 { words.clock_ahead } else { words.clock_behind };
    format!("{minutes}:{seconds:02} {way}")
}

fn moment(ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone()).strftime("%d.%m.%Y %H:%M:%S").to_string()
}

impl Note {
    const ALL: [(Self, &str); 12] = [
        (Self::Saved, "saved"),
        (Self::NotSaved, "not-saved"),
        (Self::Reached, "reached"),
        (Self::Synced, "synced"),
        (Self::NotSynced, "not-synced"),
        (Self::Away, "away"),
        (Self::Token, "token"),
        (Self::Certificate, "certificate"),
        (Self::Trouble, "trouble"),
        (Self::Url, "bad-url"),
        (Self::BadToken, "bad-token"),
        (Self::Fingerprint, "bad-fingerprint"),
    ];

    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(note, _)| *note == self).map_or("", |(_, word)| word)
    }

    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(note, _)| *note)
    }

    pub const fn of_enrolment(error: NoEnrolment) -> Self {
        match error {
            NoEnrolment::Address => Self::Url,
            NoEnrolment::Token => Self::BadToken,
            NoEnrolment::Fingerprint => Self::Fingerprint,
        }
    }

    pub const fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Away => Self::Away,
            Kind::Token => Self::Token,
            Kind::Certificate => Self::Certificate,
            Kind::File | Kind::Other => Self::Trouble,
        }
    }

    /// In words, and whether it is good news.
    const fn told(self, words: &'static Words) -> (&'static str, bool) {
        match self {
            Self::Saved => (words.saved, true),
            Self::Reached => (words.reached, true),
            Self::Synced => (words.synced, true),
            Self::NotSaved => (words.not_saved, false),
            Self::NotSynced => (words.not_synced, false),
            Self::Away => (words.away, false),
            Self::Token => (words.wrong_token, false),
            Self::Certificate => (words.wrong_certificate, false),
            Self::Trouble => (words.trouble, false),
            Self::Url => (words.bad_url, false),
            Self::BadToken => (words.bad_token, false),
            Self::Fingerprint => (words.bad_fingerprint, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_goes_through_an_address_and_back() {
        for (note, word) in Note::ALL {
            assert_eq!((note.word(), Note::of_word(word)), (word, Some(note)));
        }
        assert_eq!(Note::of_word("<script>"), None);
    }

    #[test]
    fn a_clock_is_told_in_minutes_and_seconds() {
        let told = |ms| clock(Language::Turkish.words(), ms);
        assert_eq!(told(0), "doğru");
        assert_eq!(told(-1_999), "doğru");
        assert_eq!(told(3 * 3_600_000 + 4_000), "180:04 ileri");
        assert_eq!(told(-61_000), "1:01 geri");
    }
}
