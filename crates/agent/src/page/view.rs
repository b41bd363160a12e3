//! What the page shows.

use askama::Template;
use jiff::{Timestamp, tz::TimeZone};
use replica::wire::{Conflict, Side, Stands, Welcome};
use serde::Serialize;
use serde_json::Value;

use super::{Language, told::Told, words::Words};
use crate::{Agent, Report, State, Trouble};

/// What anybody may see: it asks for the page, if the browser has what opens it.
#[derive(Template)]
#[template(path = "shell.html")]
pub(super) struct Shell {
    pub words: &'static Words,
}

#[derive(Template)]
#[template(path = "page.html")]
pub(super) struct View {
    words: &'static Words,
    live: Live,
    active: bool,
    url: String,
    file: String,
    conflicts: Conflicts,
}

/// What changes while the page is looked at.
#[derive(Serialize)]
pub(super) struct Live {
    /// `Senkron OK (Ankara)`, `Senkron HATA: ...`.
    pub status: String,
    pub mood: Mood,
    /// What to do about it; empty: nothing.
    pub hint: &'static str,
    pub last_sync: String,
    pub waiting: u64,
    pub held: u64,
    pub aside: u64,
    pub late: u64,
    pub unknown: String,
    pub connection: &'static str,
    pub clock: String,
    /// The newest first.
    pub errors: Vec<Past>,
}

/// As the style knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mood {
    Ok,
    /// It goes on, but somebody should look at something.
    Care,
    Bad,
    /// Nothing to be glad or sorry about.
    Off,
}

/// A trouble of the last days.
#[derive(Serialize)]
pub(super) struct Past {
    pub at: String,
    pub what: &'static str,
    /// For whoever looks after the PC; what systems and libraries say is in English.
    pub details: String,
}

/// What a form came to.
#[derive(Serialize)]
pub(super) struct Note {
    pub text: String,
    pub good: bool,
}

pub(super) enum Conflicts {
    /// Switched off, or the hub could not be asked.
    Unknown(&'static str),
    /// The newest, and how many more there are.
    Known(Vec<Shown>, u64),
}

pub(super) struct Shown {
    at: String,
    row: String,
    column: String,
    stands: String,
    lost: String,
}

/// In what words, and in whose time, something is shown.
#[derive(Clone)]
pub(super) struct Reader {
    pub language: Language,
    pub zone: TimeZone,
}

/// Clocks that differ by less are right. **Units**: milliseconds.
const CLOCK_MS: u64 = 2_000;

impl View {
    pub fn new(agent: &Agent, reader: &Reader, conflicts: Conflicts) -> Self {
        let settings = agent.settings();
        Self {
            words: reader.words(),
            live: Live::new(agent, reader),
            active: settings.active,
            url: settings.hub.url.to_string(),
            file: settings.db.display().to_string(),
            conflicts,
        }
    }
}

impl Reader {
    pub const fn words(&self) -> &'static Words {
        self.language.words()
    }

    fn moment(&self, ms: i64) -> String {
        let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone()).strftime("%d.%m.%Y %H:%M:%S").to_string()
    }

    fn past(&self, trouble: Trouble) -> Past {
        let (what, _) = self.language.of_kind(trouble.kind);
        let details = match &trouble.stranger {
            Some(stranger) => self.language.of_stranger(stranger),
            None if trouble.kind.is_told() => String::new(),
            None => trouble.text,
        };
        Past { at: self.moment(trouble.at_ms), what, details }
    }

    fn region(&self, region: &str) -> String {
        if region == "*" { self.words().headquarters.to_owned() } else { region.to_owned() }
    }

    /// `None`: the hub could not be asked.
    pub fn conflicts(&self, active: bool, found: Option<(Vec<Conflict>, u64)>) -> Conflicts {
        let words = self.words();
        match found {
            Some((found, more)) => {
                Conflicts::Known(found.into_iter().map(|one| self.conflict(one)).collect(), more)
            }
            None if active => Conflicts::Unknown(words.conflicts_unknown),
            None => Conflicts::Unknown(words.conflicts_off),
        }
    }

    fn conflict(&self, found: Conflict) -> Shown {
        let words = self.words();
        // Where nothing tells what a column held, it is the row itself against its deletion.
        let [winner, loser] = match &found.column {
            None => [words.row.to_owned(), words.deletion.to_owned()],
            Some(_) => [self.value(&found.winner), self.value(&found.loser)],
        };
        let (stands, lost) = match found.stands {
            Some(Stands::Winner) => (winner, loser),
            Some(Stands::Loser) => (loser, winner),
            None => (words.later.to_owned(), loser),
        };
        Shown {
            at: self.moment(found.at_ms),
            row: format!("{}: {}", found.table, found.row),
            column: found.column.unwrap_or_else(|| words.deletion.to_owned()),
            stands,
            lost,
        }
    }

    fn value(&self, side: &Side) -> String {
        match &side.value {
            None | Some(Value::Null) => self.words().empty.to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    pub fn reached(&self, welcome: &Welcome) -> Note {
        Note::good(format!("{} ({})", self.words().reached, self.region(&welcome.region)))
    }
}

impl Live {
    pub fn new(agent: &Agent, reader: &Reader) -> Self {
        let (words, state) = (reader.words(), agent.state());
        let active = agent.settings().active;
        let (status, mood, hint) = status(reader, active, &state);
        Self {
            status,
            mood,
            hint,
            last_sync: state.done_ms.map_or_else(|| words.not_since_start.to_owned(), |ms| reader.moment(ms)),
            waiting: state.report.waiting,
            held: state.report.held,
            aside: state.report.aside,
            late: state.report.late,
            unknown: unknown(words, &state.report),
            connection: connection(words, active, &state),
            clock: clock(words, state.done_ms.map(|_| state.report.clock_ahead_ms)),
            errors: state.troubles.into_iter().map(|trouble| reader.past(trouble)).collect(),
        }
    }
}

fn status(reader: &Reader, active: bool, state: &State) -> (String, Mood, &'static str) {
    let words = reader.words();
    match (&state.trouble, &state.region) {
        (Some(trouble), _) => {
            let (what, todo) = reader.language.of_kind(trouble.kind);
            (format!("{}: {what}", words.error), Mood::Bad, todo)
        }
        _ if !active && state.exchanging => (words.ending.to_owned(), Mood::Off, words.ending_hint),
        _ if !active => (words.off.to_owned(), Mood::Off, words.off_hint),
        (None, Some(region)) => in_step(reader, region, &state.report),
        (None, None) => (words.busy.to_owned(), Mood::Off, ""),
    }
}

/// `Senkron OK (Ankara)`, and what somebody should look at nevertheless.
fn in_step(reader: &Reader, region: &str, report: &Report) -> (String, Mood, &'static str) {
    let words = reader.words();
    let held = (report.held > 0).then_some((words.ok_held, words.held_hint));
    let aside = (report.aside > 0).then_some((words.ok_aside, words.ok_aside_hint));
    let late = (report.late > 0).then_some((words.ok_late, words.ok_late_hint));
    let clock = report.is_clock_far().then_some((words.ok_clock, words.ok_clock_hint));
    let status = format!("{} ({})", words.ok, reader.region(region));
    let status = held
        .iter()
        .chain(&aside)
        .chain(&late)
        .chain(&clock)
        .fold(status, |status, (what, _)| format!("{status} - {what}"));
    match held.or(aside).or(late).or(clock) {
        Some((_, todo)) => (status, Mood::Care, todo),
        None => (status, Mood::Ok, ""),
    }
}

fn unknown(words: &Words, report: &Report) -> String {
    if report.unknown.is_empty() { words.unknown_none.to_owned() } else { report.unknown.join(", ") }
}

const fn connection(words: &Words, active: bool, state: &State) -> &'static str {
    if !active {
        words.connection_off
    } else if state.online {
        words.live
    } else if state.trouble.is_some() {
        words.broken
    } else {
        words.by_timer
    }
}

fn clock(words: &Words, ahead_ms: Option<i64>) -> String {
    let Some(ahead_ms) = ahead_ms else { return words.clock_unknown.to_owned() };
    if ahead_ms.unsigned_abs() < CLOCK_MS {
        return words.clock_right.to_owned();
    }
    let (minutes, seconds) = (ahead_ms.unsigned_abs() / 60_000, ahead_ms.unsigned_abs() / 1_000 % 60);
    let way = if ahead_ms > 0 { words.clock_ahead } else { words.clock_behind };
    format!("{minutes}:{seconds:02} {way}")
}

impl Mood {
    /// As the style knows it.
    const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Care => "care",
            Self::Bad => "bad",
            Self::Off => "off",
        }
    }
}

impl Note {
    pub fn good(text: impl Into<String>) -> Self {
        Self { text: text.into(), good: true }
    }

    pub fn bad(text: &str) -> Self {
        Self { text: text.to_owned(), good: false }
    }

    pub fn trouble((what, todo): Told) -> Self {
        Self { text: format!("{what}. {todo}"), good: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn reader() -> Reader {
        Reader { language: Language::Turkish, zone: TimeZone::UTC }
    }

    #[test]
    fn a_clock_is_told_in_minutes_and_seconds() {
        let told = |ms| clock(Language::Turkish.words(), Some(ms));
        assert_eq!(told(0), "doğru");
        assert_eq!(told(-1_999), "doğru");
        assert_eq!(told(3 * 3_600_000 + 4_000), "180:04 ileri");
        assert_eq!(told(-61_000), "1:01 geri");
        assert_eq!(told(i64::MIN), "153722867280912:55 geri", "whatever a hub says");
        assert_eq!(clock(Language::Turkish.words(), None), "henüz bilinmiyor");
    }

    #[test]
    fn conflicts_that_are_not_shown_are_counted() {
        let side = || Side { value: None };
        let (table, row, column) = ("employees".to_owned(), "Ali".to_owned(), None);
        let found = Conflict {
            id: 1,
            table,
            row,
            column,
            winner: side(),
            loser: side(),
            stands: None,
            state: replica::wire::Looked::New,
            at_ms: 0,
        };
        let page = |more| {
            let (status, last_sync, clock, url, file, unknown) = Default::default();
            let (waiting, held, aside, late, errors) = Default::default();
            let (hint, connection, mood) = ("", "", Mood::Off);
            let live = Live {
                status,
                mood,
                hint,
                last_sync,
                waiting,
                held,
                aside,
                late,
                unknown,
                connection,
                clock,
                errors,
            };
            let conflicts = reader().conflicts(true, Some((vec![found.clone()], more)));
            View { words: reader().words(), live, active: true, url, file, conflicts }.render().unwrap()
        };
        assert!(page(23).contains("… ve 23 çakışma daha"), "{}", page(23));
        assert!(!page(0).contains("çakışma daha"));
    }

    #[test]
    fn the_status_line_is_what_the_guide_says() {
        let told = |active, state: &State| status(&reader(), active, state).0;
        let ankara = State { region: Some("Ankara".into()), ..State::default() };
        assert_eq!(told(true, &State::default()), "Eşitleniyor…");
        assert_eq!(told(true, &ankara), "Senkron OK (Ankara)");
        assert_eq!(told(false, &ankara), "Senkron kapalı");
        let ending = State { busy: true, exchanging: true, ..ankara.clone() };
        assert_eq!(told(true, &ending), "Senkron OK (Ankara)");
        assert_eq!(told(false, &ending), "Senkron kapanıyor…", "it still speaks to the hub");
        assert_eq!(told(false, &State { busy: true, ..ankara.clone() }), "Senkron kapalı", "it only notes");
        let with = |held, aside, clock_ahead_ms| {
            let report = Report { held, aside, clock_ahead_ms, ..Report::default() };
            let (status, mood, hint) = status(&reader(), true, &State { report, ..ankara.clone() });
            assert_eq!(mood == Mood::Ok, hint.is_empty(), "{status}");
            status
        };
        assert_eq!(with(0, 0, 299_000), "Senkron OK (Ankara)");
        assert_eq!(with(1, 0, 0), "Senkron OK (Ankara) - onay bekleyen değişiklikler var");
        assert_eq!(with(0, 0, -301_000), "Senkron OK (Ankara) - bu bilgisayarın saati yanlış");
        assert_eq!(
            with(1, 0, 301_000),
            "Senkron OK (Ankara) - onay bekleyen değişiklikler var - bu bilgisayarın saati yanlış"
        );
        assert_eq!(with(0, 1, 0), "Senkron OK (Ankara) - merkezde olmayan kayıtlar var");
        let late = State { report: Report { late: 1, ..Report::default() }, ..ankara.clone() };
        assert_eq!(told(true, &late), "Senkron OK (Ankara) - dosyaya yazılamayan kayıtlar var");
        let all = State { region: Some("*".into()), ..State::default() };
        assert_eq!(told(true, &all), "Senkron OK (Genel merkez)");
        let trouble = Some(Trouble { at_ms: 0, kind: Kind::Full, text: String::new(), stranger: None });
        let full = State { trouble, ..ankara };
        assert_eq!(told(true, &full), "Senkron HATA: Disk dolu");
        assert_eq!(
            told(false, &full),
            "Senkron HATA: Disk dolu",
            "it cannot even be noted what the office writes"
        );
    }

    fn conflict(column: Option<&str>, values: [Value; 2], stands: Option<Stands>) -> [String; 3] {
        let [winner, loser] = values.map(|value| Side { value: Some(value) });
        let shown = reader().conflict(Conflict {
            id: 1,
            table: "employees".into(),
            row: "Çağrı Işık".into(),
            column: column.map(str::to_owned),
            winner,
            loser,
            stands,
            state: replica::wire::Looked::New,
            at_ms: 0,
        });
        assert_eq!(shown.row, "employees: Çağrı Işık");
        [shown.column, shown.stands, shown.lost]
    }

    #[test]
    fn a_conflict_tells_what_is_in_the_file_and_what_is_not() {
        let values = || ["Şef".into(), 7.into()];
        assert_eq!(conflict(Some("title"), values(), Some(Stands::Winner)), ["title", "Şef", "7"]);
        assert_eq!(conflict(Some("title"), values(), Some(Stands::Loser)), ["title", "7", "Şef"]);
        assert_eq!(conflict(Some("title"), values(), None), ["title", "daha sonraki bir değer", "7"]);
        let empty = [Value::Null, "".into()];
        assert_eq!(conflict(Some("title"), empty, Some(Stands::Winner)), ["title", "boş", ""]);
    }

    #[test]
    fn a_deletion_that_did_not_go_through_is_a_conflict_without_a_column() {
        let none = || [Value::Null, Value::Null];
        assert_eq!(conflict(None, none(), Some(Stands::Winner)), ["silme", "Kayıt", "silme"]);
        assert_eq!(conflict(None, none(), Some(Stands::Loser)), ["silme", "silme", "Kayıt"]);
    }
}
