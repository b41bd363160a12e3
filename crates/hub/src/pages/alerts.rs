//! `/alerts`: what should be looked at, in the data and around it, and what people marked as seen.

use std::{collections::BTreeSet, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use export::Cell;
use store::{Denied, Finding, FindingsAsked, FindingsListed, Kind, Severity, Site};

use super::{
    Person, Shell, Visit,
    address::Fields,
    export::{self as files, Table},
    list::Link,
    shown,
    told::{denied, fill, told},
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    saying::{Sayer, Saying},
    words::{AlertWords, ListWords, Words},
};

pub(super) const PATH: &str = "/alerts";
pub(super) const EXPORT: &str = "/alerts/export";
const KIND: &str = "kind";
const REGION: &str = "region";
const SEVERITY: &str = "severity";
const STATE: &str = "state";
const PAGE: &str = "page";
const DONE: &str = "done";
const KEPT: [&str; 5] = [KIND, REGION, SEVERITY, STATE, PAGE];
/// Of findings that somebody accepted.
const ACCEPTED: &str = "accepted";
/// On a page; no more are marked at once.
const ROWS: usize = 50;
/// What a form says: which ones, and the button that was pressed.
const CHOSEN: &str = "id";
const NOTE: &str = "note";
const MARK: &str = "mark";
const REOPEN: &str = "reopen";

#[derive(Template)]
#[template(path = "alerts.html")]
struct Page {
    shell: Shell,
    lists: &'static ListWords,
    words: &'static AlertWords,
    region: &'static str,
    rev: i64,
    action: String,
    filtered: bool,
    choices: Vec<Choices>,
    /// How many there are of each severity, and where they are.
    figures: Vec<(&'static str, &'static str, String, String)>,
    files: [Link; 2],
    done: Option<String>,
    decides: bool,
    accepted: bool,
    one_region: bool,
    count: String,
    lines: Vec<Line>,
    paging: Option<Paging>,
}

struct Choices {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String, bool)>,
}

struct Line {
    key: String,
    /// Its word for style sheets.
    mark: &'static str,
    said: Saying,
    accepted: Option<String>,
}

struct Paging {
    page: String,
    previous: Option<String>,
    next: Option<String>,
}

pub(super) async fn alerts(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let asked = asked(&visit.fields);
    let listed = app.store.findings(&person.viewer, app.today(), &asked).await?;
    let sites = app.store.sites().await?;
    let view = View { app: &app, words: visit.words, sites: &sites, fields: visit.fields.only(&KEPT) };
    let done = visit.fields.get(DONE).and_then(|count| count.parse::<u32>().ok());
    let shell = Shell::of(&person, &visit, app.store.pages());
    let decides = person.viewer.decides();
    page(&Page {
        done: done.map(|count| view.done(count, &asked)),
        decides,
        ..view.page(shell, &asked, &listed)
    })
}

fn asked(fields: &Fields) -> FindingsAsked {
    FindingsAsked {
        kind: fields.get(KIND).and_then(Kind::read),
        region: fields.get(REGION).map(str::to_owned),
        severity: fields.get(SEVERITY).and_then(Severity::read),
        accepted: fields.get(STATE) == Some(ACCEPTED),
        page: fields.get(PAGE).and_then(|page| page.parse().ok()).unwrap_or(1),
        rows: ROWS,
    }
}

struct View<'a> {
    app: &'a App,
    words: &'static Words,
    sites: &'a [Site],
    fields: Fields,
}

impl View<'_> {
    const fn said(&self) -> &'static AlertWords {
        AlertWords::of(self.words.language)
    }

    fn sayer(&self) -> Sayer<'_> {
        Sayer::new(self.words.language, &self.app.settings.zone, (self.app.store.pages(), self.sites))
    }

    fn page(&self, shell: Shell, asked: &FindingsAsked, listed: &FindingsListed) -> Page {
        let sayer = self.sayer();
        Page {
            shell,
            lists: self.words.lists,
            words: self.said(),
            region: self.words.region,
            rev: listed.rev,
            action: self.fields.on(PATH),
            filtered: KEPT[..4].iter().any(|field| self.fields.get(field).is_some()),
            choices: self.choices(asked, listed),
            figures: self.figures(listed),
            files: files::links(self.words, &self.fields.with(PAGE, None), PATH),
            done: None,
            decides: false,
            accepted: asked.accepted,
            one_region: listed.regions.len() < 2,
            count: self.count(listed),
            paging: self.paging(listed),
            lines: listed.findings.iter().map(|finding| self.line(&sayer, finding)).collect(),
        }
    }

    fn number(&self, number: usize) -> String {
        shown::whole(self.words.language, i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn count(&self, listed: &FindingsListed) -> String {
        let last = (listed.first + listed.findings.len()).saturating_sub(1);
        let (first, total) = (self.number(listed.first), self.number(listed.total));
        match listed.total {
            0 => total,
            _ => format!("{first}–{} {} {total}", self.number(last), self.words.lists.of),
        }
    }

    fn line(&self, sayer: &Sayer<'_>, finding: &Finding) -> Line {
        let accepted = finding.accepted.as_ref().map(|accepted| {
            let at = self.app.local_time(accepted.at_ms);
            let note = if accepted.note.is_empty() { String::new() } else { format!(": {}", accepted.note) };
            format!("{}, {at}{note}", accepted.who)
        });
        Line { key: finding.key.clone(), mark: finding.severity.word(), said: sayer.say(finding), accepted }
    }

    fn figures(&self, listed: &FindingsListed) -> Vec<(&'static str, &'static str, String, String)> {
        let count = |severity: Severity| {
            let found = listed.severities.iter().find(|(known, _)| *known == severity);
            self.number(found.map_or(0, |(_, count)| *count))
        };
        let href = |severity: Severity| Fields::default().with(SEVERITY, Some(severity.word())).on(PATH);
        let figure = |one: Severity| (one.word(), self.said().severity(one), count(one), href(one));
        Severity::ALL.map(figure).to_vec()
    }

    fn choices(&self, asked: &FindingsAsked, listed: &FindingsListed) -> Vec<Choices> {
        let said = self.said();
        let kind = |kind: &Kind| {
            let count = listed.kinds.iter().find(|(known, _)| known == kind).map(|(_, count)| *count);
            let text = count.map(|count| format!("{} ({})", said.kind(*kind), self.number(count)));
            let is_asked = asked.kind == Some(*kind);
            let text = text.or_else(|| is_asked.then(|| said.kind(*kind).to_owned()))?;
            Some((kind.word().to_owned(), text, is_asked))
        };
        let severity = |severity: Severity| {
            let is_asked = asked.severity == Some(severity);
            (severity.word().to_owned(), said.severity(severity).to_owned(), is_asked)
        };
        let region =
            |region: &String| (region.clone(), region.clone(), asked.region.as_ref() == Some(region));
        let mut regions: Vec<_> = listed.regions.iter().map(region).collect();
        if let Some(asked) = asked.region.as_ref().filter(|asked| !listed.regions.contains(asked)) {
            regions.push((asked.clone(), asked.clone(), true));
        }
        let all = [
            (SEVERITY, said.severity, Severity::ALL.map(severity).to_vec()),
            (KIND, self.words.kind, Kind::ALL.iter().filter_map(kind).collect()),
            (REGION, self.words.region, regions),
        ];
        let field = |(name, label, options): (_, _, Vec<_>)| Choices { name, label, options };
        all.map(field).into_iter().filter(|field| !field.options.is_empty()).collect()
    }

    fn paging(&self, listed: &FindingsListed) -> Option<Paging> {
        let FindingsListed { page, pages, .. } = *listed;
        let to = |page: usize| self.fields.with(PAGE, Some(&page.to_string())).on(PATH);
        (pages > 1).then(|| Paging {
            page: format!("{} {page} {} {pages}", self.words.lists.page, self.words.lists.of),
            previous: (page > 1).then(|| to(page - 1)),
            next: (page < pages).then(|| to(page + 1)),
        })
    }

    fn done(&self, count: u32, asked: &FindingsAsked) -> String {
        let sentence = if asked.accepted { self.said().reopened } else { self.said().done };
        fill(sentence, &[("count", &count.to_string())])
    }
}

pub(super) async fn export(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let turn = files::turn(&app).await?;
    let findings = app.store.every_finding(&person.viewer, app.today(), &asked(&visit.fields)).await?;
    let sites = app.store.sites().await?;
    let view = View { app: &app, words: visit.words, sites: &sites, fields: visit.fields.only(&KEPT) };
    let sayer = view.sayer();
    let rows: Vec<_> = findings.iter().map(|finding| row(&view, &sayer, finding)).collect();
    files::note(&app, &person, ("alerts", &view.fields.with(PAGE, None), rows.len())).await?;
    let said = view.said();
    let heads = [
        said.severity,
        visit.words.kind,
        said.about,
        said.what,
        said.when,
        visit.words.region,
        said.accepted_by,
    ];
    let heads = heads.map(str::to_owned).to_vec();
    let table = Table { title: said.alerts.to_owned(), heads, rows };
    let (fields, made) = (visit.fields, files::made(&app));
    files::make(turn, move || files::file(&fields, table, made)).await
}

fn row(view: &View<'_>, sayer: &Sayer<'_>, finding: &Finding) -> Vec<Cell<'static>> {
    let Line { said, accepted, .. } = view.line(sayer, finding);
    let when = match finding.when {
        store::When::Day(day) => Cell::Date(day),
        _ => files::written(said.when),
    };
    vec![
        Cell::from(said.severity),
        Cell::from(said.kind),
        files::written(said.about),
        files::written(said.what),
        when,
        files::written(said.region),
        files::written(accepted.unwrap_or_default()),
    ]
}

/// Which findings, and the note; `None` for the note: they count again.
fn sent(form: &[(String, String)]) -> Option<(BTreeSet<String>, Option<String>)> {
    let field = |wanted: &str| form.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let chosen = form.iter().filter(|(name, _)| name == CHOSEN).map(|(_, key)| key.clone());
    let chosen: BTreeSet<String> = chosen.take(ROWS + 1).collect();
    let note = match field(MARK)?.as_str() {
        ACCEPTED => Some(field(NOTE).cloned().unwrap_or_default()),
        REOPEN => None,
        _ => return None,
    };
    (!chosen.is_empty() && chosen.len() <= ROWS).then_some((chosen, note))
}

pub(super) async fn mark(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let fields = visit.fields.only(&KEPT);
    let marked = match sent(&form) {
        None => Err(Denied::Missing),
        Some((chosen, note)) => {
            let who = (&person.viewer, person.user.name.as_str());
            app.store.accept(who, app.today(), &chosen, note.as_deref()).await
        }
    };
    let said = AlertWords::of(visit.words.language);
    let around = (Shell::of(&person, &visit, app.store.pages()), visit.words);
    match marked {
        Ok(count) => {
            let to = fields.with(DONE, Some(&count.to_string())).on(PATH);
            Ok(Redirect::to(&to).into_response())
        }
        Err(Denied::Role) => told(
            around,
            (StatusCode::FORBIDDEN, said.not_done),
            vec![said.read_only.to_owned()],
            fields.on(PATH),
        ),
        Err(why) => denied(why, around, fields.on(PATH)),
    }
}
