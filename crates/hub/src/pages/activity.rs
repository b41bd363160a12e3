//! `/activity`: what people and PCs did, and whether the record of it is whole.

mod detail;
mod file;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use export::Cell;
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use merge::Region;
use office::input;
use store::{ActivityAsked, ActivityPage, AuditEntry, Checked, Role};

use super::{
    Person, Shell, Visit,
    address::Fields,
    list::Link,
    shown,
    told::{Teller, fill},
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{ActivityWords, Group, KINDS, Words},
};
pub(crate) use detail::Wording;
pub(super) use file::export;

pub(crate) const PATH: &str = "/activity";
pub(super) const EXPORT: &str = "/activity/export";
pub(super) const CHECK: &str = "/activity/check";
const KIND: &str = "kind";
const WHO: &str = "who";
const REGION: &str = "region";
const FROM: &str = "from";
const UNTIL: &str = "to";
const BEFORE: &str = "before";
const AFTER: &str = "after";
const FILTER: [&str; 5] = [KIND, WHO, REGION, FROM, UNTIL];
/// Lines on a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "activity.html")]
struct Page {
    shell: Shell,
    words: &'static ActivityWords,
    chain: Chain,
    groups: Vec<(String, &'static str, bool)>,
    kinds: Vec<(String, &'static str, bool)>,
    regions: Vec<(String, bool)>,
    names: Vec<(String, String)>,
    who: String,
    from: String,
    until: String,
    filtered: bool,
    problem: &'static str,
    files: [Link; 2],
    /// Whether it says which region a line concerns: to whoever sees several.
    of_regions: bool,
    lines: Vec<Line>,
    nothing: &'static str,
    newest: Option<String>,
    newer: Option<String>,
    older: Option<String>,
}

struct Line {
    at: String,
    kind: String,
    is_care: bool,
    who: String,
    region: String,
    detail: String,
}

/// Whether the record is whole.
struct Chain {
    said: String,
    seal: String,
    is_broken: bool,
    may_check: bool,
}

#[derive(Template)]
#[template(path = "not_yours.html")]
struct NotYours {
    shell: Shell,
    words: &'static ActivityWords,
}

/// Which lines an address asks for; `None`: a date is none, or the days end before they begin.
fn asked(fields: &Fields, zone: &TimeZone) -> Option<ActivityAsked> {
    let own = |name| fields.get(name).map(str::to_owned);
    let day = |name| match fields.get(name) {
        Some(text) => input::date(text).ok().map(Some),
        None => Some(None),
    };
    let (from, until): (Option<Date>, Option<Date>) = (day(FROM)?, day(UNTIL)?);
    if matches!((from, until), (Some(from), Some(until)) if until < from) {
        return None;
    }
    let begins = |day: Date| day.to_zoned(zone.clone()).ok().map(|day| day.timestamp().as_millisecond());
    let number = |name| fields.get(name).and_then(|number| number.parse().ok());
    Some(ActivityAsked {
        who: own(WHO),
        actions: actions(fields.get(KIND)),
        region: own(REGION),
        from_ms: from.and_then(begins),
        until_ms: until.and_then(|day| begins(day.checked_add(1.day()).ok()?)),
        before: number(BEFORE),
        after: number(AFTER),
        count: ROWS,
    })
}

/// Of a group all of them; what is none is looked for as it is, and not found.
fn actions(kind: Option<&str>) -> Vec<String> {
    let Some(kind) = kind else { return Vec::new() };
    match Group::ALL.into_iter().find(|group| group.word() == kind) {
        Some(group) => {
            KINDS.iter().filter(|kind| kind.group == group).map(|kind| kind.action.to_owned()).collect()
        }
        None => vec![kind.to_owned()],
    }
}

pub(super) async fn activity(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let wanted = asked(&visit.fields, &app.settings.zone);
    let problem = if wanted.is_some() { "" } else { visit.words.activity().wrong_dates };
    let wanted = wanted.unwrap_or_else(|| ActivityAsked { count: ROWS, ..ActivityAsked::default() });
    let Some(found) = app.store.activity(&person.viewer, &wanted).await? else {
        return not_yours(&app, &person, &visit);
    };
    let checked = app.store.activity_checked().await?;
    let view = View { teller: Teller::new(&app, &visit).await?, person: &person, fields: &visit.fields };
    let names = names(&app, &view).await?;
    let shell = view.teller.shell(&person, &visit);
    page(&Page { problem, names, ..view.page(shell, (&wanted, found), checked) })
}

pub(super) fn not_yours(app: &App, person: &Person, visit: &Visit) -> Result<Response, Refusal> {
    let shell = Shell::of(person, visit, app.store.pages());
    let told = page(&NotYours { shell, words: visit.words.activity() })?;
    Ok((StatusCode::FORBIDDEN, told).into_response())
}

/// Looks through all seals, for administrators of all regions.
pub(super) async fn check(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    if !may_check(&person) {
        return not_yours(&app, &person, &visit);
    }
    app.store.note(&person.user.name, "activity_check", "").await?;
    app.store.check_activity().await?;
    Ok(Redirect::to(PATH).into_response())
}

fn may_check(person: &Person) -> bool {
    person.viewer.role() == Role::Admin && *person.viewer.region() == Region::All
}

/// Who may be asked for: people and PCs that the reader sees, as they are kept and as they are called.
async fn names(app: &App, view: &View<'_>) -> Result<Vec<(String, String)>, Refusal> {
    let sees = view.person.viewer.region();
    let people = app.accounts.users().await?.into_iter();
    let people = people.filter(|user| *sees == Region::All || user.region == *sees);
    let people = people.map(|user| (user.name.clone(), user.name));
    let sites = view.teller.sites.iter();
    let sites = sites.filter(|site| *sees == Region::All || Region::new(&site.region) == *sees);
    let sites = sites.map(|site| (site.name.clone(), view.teller.site_name(site.id)));
    Ok(people.chain(sites).collect())
}

struct View<'a> {
    teller: Teller<'a>,
    person: &'a Person,
    fields: &'a Fields,
}

impl View<'_> {
    fn words(&self) -> &'static Words {
        self.teller.words
    }

    /// `problem` and `names` are to be filled in.
    fn page(
        &self,
        shell: Shell,
        (asked, found): (&ActivityAsked, ActivityPage),
        checked: Option<Checked>,
    ) -> Page {
        let (words, filter) = (self.words().activity(), self.fields.only(&FILTER));
        let of_regions = *self.person.viewer.region() == Region::All;
        let to = |name, number: i64| filter.with(name, Some(&number.to_string())).on(PATH);
        let field = |name| self.fields.get(name).unwrap_or_default().to_owned();
        let is_first = asked.before.is_none() && asked.after.is_none();
        let nothing = if found.older.is_some() { words.none_so_far } else { words.none };
        Page {
            shell,
            words,
            chain: self.chain(checked),
            groups: self.groups(),
            kinds: self.kinds(),
            regions: if of_regions { self.regions(asked) } else { Vec::new() },
            names: Vec::new(),
            who: field(WHO),
            from: field(FROM),
            until: field(UNTIL),
            filtered: FILTER.iter().any(|name| self.fields.get(name).is_some()),
            problem: "",
            files: file::links(self.words(), &filter),
            of_regions,
            lines: found.lines.iter().map(|line| self.line(line)).collect(),
            nothing,
            newest: (!is_first).then(|| filter.on(PATH)),
            newer: found.newer.filter(|_| !is_first).map(|after| to(AFTER, after)),
            older: found.older.map(|before| to(BEFORE, before)),
        }
    }

    fn chosen(&self, value: &str) -> bool {
        self.fields.get(KIND) == Some(value)
    }

    fn groups(&self) -> Vec<(String, &'static str, bool)> {
        let said = Group::ALL.into_iter().zip(self.words().activity().groups);
        said.map(|(group, said)| (group.word().to_owned(), said, self.chosen(group.word()))).collect()
    }

    fn kinds(&self) -> Vec<(String, &'static str, bool)> {
        let language = self.words().language;
        let kinds = KINDS.iter();
        kinds.map(|kind| (kind.action.to_owned(), kind.said(language), self.chosen(kind.action))).collect()
    }

    /// Regions of PCs, and the one that is asked for.
    fn regions(&self, asked: &ActivityAsked) -> Vec<(String, bool)> {
        let named = self.teller.sites.iter().filter(|site| Region::new(&site.region) != Region::All);
        let mut regions: Vec<_> = named.map(|site| site.region.clone()).chain(asked.region.clone()).collect();
        regions.sort();
        regions.dedup();
        regions.into_iter().map(|region| (region.clone(), asked.region == Some(region))).collect()
    }

    fn line(&self, line: &AuditEntry) -> Line {
        let wording = Wording { teller: &self.teller, words: self.words().activity() };
        Line {
            at: self.teller.moment(line.at_ms),
            kind: wording.kind(line),
            is_care: line.action.starts_with("log_in_"),
            who: wording.who(&line.who),
            region: line.region.clone().unwrap_or_default(),
            detail: wording.detail(line),
        }
    }

    /// As it goes into a file.
    fn cells(&self, line: &AuditEntry, of_regions: bool) -> Vec<Cell<'static>> {
        let Line { at, kind, who, region, detail, .. } = self.line(line);
        let region = of_regions.then_some(region);
        let texts = [at, kind, who].into_iter().chain(region).chain([detail, line.action.clone()]);
        texts.map(|text| if text.is_empty() { Cell::Empty } else { Cell::from(text) }).collect()
    }

    fn chain(&self, checked: Option<Checked>) -> Chain {
        let words = self.words().activity();
        let may_check = may_check(self.person);
        let Some(Checked { at_ms, sealed }) = checked else {
            let said = words.unchecked.to_owned();
            return Chain { said, seal: String::new(), is_broken: false, may_check };
        };
        let (at, is_broken) = (self.teller.time(at_ms), !sealed.is_whole());
        let lines = i64::try_from(sealed.lines).unwrap_or(i64::MAX);
        let lines = shown::whole(self.words().language, lines);
        let said = match sealed.broken {
            Some(line) => fill(words.broken, &[("line", &line.to_string()), ("at", &at)]),
            None if sealed.cut => fill(words.cut, &[("at", &at)]),
            None => fill(words.whole, &[("lines", &lines), ("at", &at)]),
        };
        let seal = if is_broken { String::new() } else { sealed.seal };
        Chain { said, seal, is_broken, may_check }
    }
}
