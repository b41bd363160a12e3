//! A finding in words: for its page, for files, and for messages.

use jiff::{civil::Date, tz::TimeZone};
use office::quality::Likeness;
use store::{Detail, Finding, Kind, Pages, Site, Source, Subject, When};

use crate::{
    Language,
    app::local_time,
    pages::{fill, hundredths, of_files, whole},
    words::{AlertWords, Words},
};

/// What a finding is, about whom, and what is the matter; as texts without markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    pub severity: &'static str,
    pub kind: &'static str,
    pub about: String,
    pub what: String,
    pub when: String,
    /// Empty: of no region.
    pub region: String,
    /// Of the page on which it can be looked at.
    pub path: Option<String>,
}

/// Puts findings into words of a language.
#[derive(Debug)]
pub struct Sayer<'a> {
    words: &'static Words,
    zone: &'a TimeZone,
    pages: &'a Pages,
    sites: &'a [Site],
}

impl<'a> Sayer<'a> {
    #[must_use]
    pub fn new(language: Language, zone: &'a TimeZone, (pages, sites): (&'a Pages, &'a [Site])) -> Self {
        Self { words: Words::of(language), zone, pages, sites }
    }

    const fn said(&self) -> &'static AlertWords {
        AlertWords::of(self.words.language)
    }

    #[must_use]
    pub fn say(&self, finding: &Finding) -> Saying {
        Saying {
            severity: self.said().severity(finding.severity),
            kind: self.said().kind(finding.kind),
            about: self.about(&finding.subject),
            what: self.what(finding),
            when: self.when(finding.when),
            region: finding.region.clone().unwrap_or_default(),
            path: self.path(finding),
        }
    }

    fn about(&self, subject: &Subject) -> String {
        match subject {
            Subject::Row { named, .. } => named.name.clone(),
            Subject::Site(number) => self.site(*number),
            Subject::Hub => self.said().hub.to_owned(),
        }
    }

    fn site(&self, number: u32) -> String {
        let Some(site) = self.sites.iter().find(|site| site.id == number) else {
            return number.to_string();
        };
        let source = match site.source() {
            Source::Pc => return site.name.clone(),
            Source::SharedKey => self.words.by_shared_key,
            Source::Import => self.words.by_import,
        };
        let region = if site.region == "*" { self.words.all_regions } else { &site.region };
        format!("{region} ({source})")
    }

    fn path(&self, finding: &Finding) -> Option<String> {
        match (&finding.detail, &finding.subject) {
            (Detail::Held { id }, _) => Some(format!("/held/{id}")),
            (Detail::Conflicts { .. }, _) => Some("/conflicts".to_owned()),
            (_, Subject::Row { named, .. }) => {
                named.path.as_ref().map(|path| format!("/{path}/{}", named.gid))
            }
            (_, Subject::Site(_) | Subject::Hub) => None,
        }
    }

    fn day(&self, day: Date) -> String {
        day.strftime("%d.%m.%Y").to_string()
    }

    fn time(&self, ms: i64) -> String {
        local_time(ms, self.zone)
    }

    fn when(&self, when: When) -> String {
        match when {
            When::Day(day) => self.day(day),
            When::Moment(ms) => self.time(ms),
            When::Always => String::new(),
        }
    }

    fn number(&self, number: i64) -> String {
        whole(self.words.language, number)
    }

    /// What a column of the finding's list is called.
    fn column(&self, subject: &Subject, at: usize) -> String {
        let Subject::Row { list: Some(list), .. } = subject else { return String::new() };
        let column = self.pages.all().get(*list).and_then(|list| list.columns.get(at));
        column.map(|column| self.words.label(&column.label).to_owned()).unwrap_or_default()
    }

    fn what(&self, finding: &Finding) -> String {
        let (said, column) = (self.said(), |at: usize| self.column(&finding.subject, at));
        match &finding.detail {
            Detail::Nothing => self.plain(finding.kind).to_owned(),
            Detail::Shift(error) => export::reason(of_files(self.words.language), error),
            Detail::Hours(hours) => {
                let sentence = match finding.kind {
                    Kind::PastMidnight => said.past_midnight,
                    Kind::NothingWorked => said.nothing_worked,
                    _ => said.gross,
                };
                fill(sentence, &[("hours", &hundredths(self.words.language, hours.0))])
            }
            Detail::Value { column: at, text } => format!("{}: {text}", column(*at)),
            Detail::Column(at) => fill(said.orphan, &[("column", &column(*at))]),
            Detail::Days { first, last, days } => fill(
                said.days,
                &[("first", &self.day(*first)), ("last", &self.day(*last)), ("days", &days.to_string())],
            ),
            Detail::Others { by, .. } => {
                let names: Vec<&str> = finding.others.iter().map(|named| named.name.as_str()).collect();
                let sentence = match by {
                    Likeness::IdentityNumber => said.same_number,
                    Likeness::Name => said.same_name,
                };
                fill(sentence, &[("names", &names.join(", "))])
            }
            Detail::Deadline { column: at, on, days_left } => {
                self.deadline((&column(*at), &self.day(*on)), *days_left)
            }
            Detail::Oil { left_km: left @ ..=0 } => {
                fill(said.oil_due, &[("km", &self.number(left.saturating_neg()))])
            }
            Detail::Oil { left_km } => fill(said.oil_left, &[("km", &self.number(*left_km))]),
            Detail::Km { km, before } => {
                let sentence = if finding.kind == Kind::CheckKm { said.check_km } else { said.odometer };
                fill(sentence, &[("km", &self.number(*km)), ("before", &self.number(*before))])
            }
            Detail::Count(count) => {
                let sentence =
                    if finding.kind == Kind::MostFaults { said.most_faults } else { said.driver_check };
                fill(sentence, &[("count", &count.to_string())])
            }
            Detail::Fault { title, times } => {
                fill(said.repeated, &[("times", &times.to_string()), ("title", title.trim())])
            }
            Detail::Items(_) => {
                let items: Vec<&str> = finding.items.iter().map(|item| self.words.label(item)).collect();
                let sentence =
                    if finding.kind == Kind::NewProblem { said.new_items } else { said.repeated_items };
                fill(sentence, &[("items", &items.join(", "))])
            }
            other => self.around(other),
        }
    }

    const fn plain(&self, kind: Kind) -> &'static str {
        let said = self.said();
        match kind {
            Kind::NoRegion => said.no_region,
            Kind::RegionDiffers => said.region_differs,
            Kind::OpenFault => said.open_fault,
            Kind::SpecialDay => said.special_day,
            _ => "",
        }
    }

    fn deadline(&self, (column, on): (&str, &str), days_left: i32) -> String {
        let said = self.said();
        let sentence = match days_left {
            ..0 => said.overdue,
            0 => said.last_day,
            1.. => said.days_left,
        };
        let days = days_left.unsigned_abs().to_string();
        fill(sentence, &[("on", on), ("days", &days), ("column", column)])
    }

    /// What is the matter around the rows.
    fn around(&self, detail: &Detail) -> String {
        let said = self.said();
        match detail {
            Detail::Event { word, what, rows } => self.event(word, (what, *rows)),
            Detail::Silent { since_ms: Some(ms) } => fill(said.silent, &[("at", &self.time(*ms))]),
            Detail::Silent { since_ms: None } => said.never.to_owned(),
            Detail::Clock { ahead_ms } => {
                let sentence = if *ahead_ms > 0 { said.ahead } else { said.behind };
                let minutes = i64::try_from(ahead_ms.unsigned_abs() / 60_000).unwrap_or(i64::MAX);
                fill(sentence, &[("minutes", &self.number(minutes))])
            }
            Detail::Held { .. } => said.held.to_owned(),
            Detail::Conflicts { count } => fill(said.conflicts, &[("count", &count.to_string())]),
            Detail::Disk { free_bytes } => {
                let mb = i64::try_from(free_bytes >> 20).unwrap_or(i64::MAX);
                fill(said.disk, &[("mb", &self.number(mb))])
            }
            Detail::Notify { way, why } => fill(said.notify, &[("way", way), ("why", why)]),
            _ => String::new(),
        }
    }

    fn event(&self, word: &str, (what, rows): (&str, u64)) -> String {
        let rows = (rows > 0).then(|| fill(self.said().rows, &[("count", &rows.to_string())]));
        let table = what.split_once(": ").map_or(what, |(table, _)| table);
        let table = self.pages.of_name(table).map(|list| self.words.label(&list.label));
        let what = match (table, what.split_once(": ")) {
            (Some(table), Some((_, ids))) => format!("{table} {ids}"),
            (Some(table), None) => table.to_owned(),
            (None, _) => what.to_owned(),
        };
        let said = [rows, Some(what), Some(self.words.alert(word).to_owned())];
        said.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}
