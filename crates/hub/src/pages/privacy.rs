//! What a person may ask of those who keep their data: all of it in a file, and to be forgotten.
//!
//! Which lists are of people, and which columns tell who they are, is said by the preset.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use export::{Cell, ExportError};
use serde::Deserialize;
use store::{Asked, Denied, ListPage, PastLine, RowPage, Viewer};

use super::{
    Person, Shell, Visit,
    address::Fields,
    export::{Download, Sheet, book, made, make, note, turn},
    hours::Offices,
    list::Link,
    shown,
    told::{denied, fill, told},
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{PrivacyWords, Words},
};

#[derive(Template)]
#[template(path = "forget.html")]
struct Page {
    shell: Shell,
    said: &'static PrivacyWords,
    title: String,
    name: String,
    back: String,
    problem: &'static str,
    goes: Vec<String>,
    stays: String,
    cancel: &'static str,
}

#[derive(Deserialize)]
pub(super) struct Why {
    #[serde(default)]
    why: String,
}

/// Where a row's data are.
pub(super) fn data_path(list: &ListPage, gid: &str) -> String {
    format!("/{}/{gid}/data", list.path)
}

/// Where a row is forgotten.
pub(super) fn forget_path(list: &ListPage, gid: &str) -> String {
    format!("/{}/{gid}/forget", list.path)
}

/// What whoever looks can do for the person of a row.
pub(super) fn links(words: &Words, list: &ListPage, (viewer, gid): (&Viewer, &str)) -> Vec<Link> {
    let said = words.privacy();
    let is_of_people = list.erased().next().is_some();
    let data = viewer.sees_personal().then(|| (data_path(list, gid), said.data));
    let forget = viewer.administers().then(|| (forget_path(list, gid), said.forget));
    let links = data.into_iter().chain(forget).filter(|_| is_of_people);
    links.map(|(href, text)| Link { href, text: text.to_owned() }).collect()
}

/// `GET /{list}/{gid}/data`
pub(super) async fn data(
    at: usize,
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(gid): Path<String>,
) -> Result<Response, Refusal> {
    let shell = Shell::of(&person, &visit, app.store.pages());
    let (list, found) = match find(&app, &person, (at, &gid)).await? {
        Some(found) if person.viewer.sees_personal() => found,
        Some((list, row)) => {
            return denied(Denied::Role, (shell, visit.words), row_path(list, &row.line.gid));
        }
        None => return denied(Denied::Missing, (shell, visit.words), list_path(&app, at)),
    };
    let turn = turn(&app).await?;
    let offices = Offices::of(&app, &person).await?;
    let mut book = Book::of(&app, (visit.words, &offices), (list, &found));
    for hanging in &found.hanging {
        let list = app.store.pages().list(hanging.list);
        let mut sheet = Sheet::xlsx(visit.words, list, made(&app));
        let asked = Asked { of: Some(found.line.gid.clone()), ..Asked::default() };
        app.store
            .every(&person.viewer, hanging.list, &asked, |line| {
                sheet.add((visit.words, &offices), list, &line);
            })
            .await?;
        sheet.add_totals(visit.words);
        book.sheets.push(sheet);
    }
    let of = (at, found.line.gid.as_str());
    let left_out = app.store.past(&person.viewer, of, |told| book.tell((&*app, visit.words), &told)).await?;
    book.tell_left_out(visit.words, left_out);
    let rows = book.sheets.iter().chain([&book.history]).map(Sheet::len).sum();
    note(&app, &person, (&data_path(list, &found.line.gid)[1..], &Fields::default(), rows)).await?;
    make(turn, move || book.download()).await
}

/// `GET /{list}/{gid}/forget`
pub(super) async fn ask(
    at: usize,
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(gid): Path<String>,
) -> Result<Response, Refusal> {
    form(&app, (&person, &visit), (at, &gid), (StatusCode::OK, "")).await
}

/// `POST /{list}/{gid}/forget`
pub(super) async fn forget(
    at: usize,
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(gid): Path<String>,
    Form(form): Form<Why>,
) -> Result<Response, Refusal> {
    let (said, why) = (visit.words.privacy(), form.why.trim());
    if why.is_empty() {
        let problem = (StatusCode::UNPROCESSABLE_ENTITY, said.no_why);
        return self::form(&app, (&person, &visit), (at, &gid), problem).await;
    }
    let shell = Shell::of(&person, &visit, app.store.pages());
    let who = (&person.viewer, person.user.name.as_str());
    match app.store.erase(who, (at, &gid), why).await {
        Ok(()) => {}
        Err(why) => return denied(why, (shell, visit.words), list_path(&app, at)),
    }
    let row = app.store.row(&person.viewer, at, &gid).await?;
    let done = fill(said.done, &[("instead", &row.map(|row| row.name).unwrap_or_default())]);
    let back = row_path(app.store.pages().list(at), &gid);
    told((shell, visit.words), (StatusCode::OK, said.done_title), vec![done], back)
}

async fn form(
    app: &App,
    (person, visit): (&Person, &Visit),
    (at, gid): (usize, &str),
    (status, problem): (StatusCode, &'static str),
) -> Result<Response, Refusal> {
    let shell = Shell::of(person, visit, app.store.pages());
    let Some((list, found)) = find(app, person, (at, gid)).await? else {
        return denied(Denied::Missing, (shell, visit.words), list_path(app, at));
    };
    let back = row_path(list, &found.line.gid);
    if !person.viewer.administers() {
        return denied(Denied::Role, (shell, visit.words), back);
    }
    let said = visit.words.privacy();
    let instead = found.line.gid.parse().map(store::forgotten_name).unwrap_or_default();
    let page = page(&Page {
        shell,
        said,
        title: fill(said.forget_title, &[("name", &found.name)]),
        name: found.name,
        back,
        problem,
        goes: list.erased().map(|column| visit.words.label(&column.label).to_owned()).collect(),
        stays: fill(said.what_stays, &[("instead", &instead)]),
        cancel: visit.words.decisions.cancel,
    })?;
    Ok((status, page).into_response())
}

/// A row of a list of people.
async fn find<'a>(
    app: &'a App,
    person: &Person,
    (at, gid): (usize, &str),
) -> Result<Option<(&'a ListPage, RowPage)>, Refusal> {
    let list = app.store.pages().lists().get(at).filter(|list| list.erased().next().is_some());
    let Some(list) = list else { return Ok(None) };
    Ok(app.store.row(&person.viewer, at, gid).await?.map(|row| (list, row)))
}

fn row_path(list: &ListPage, gid: &str) -> String {
    format!("/{}/{gid}", list.path)
}

fn list_path(app: &App, at: usize) -> String {
    app.store.pages().lists().get(at).map(|list| format!("/{}", list.path)).unwrap_or_default()
}

/// Everything of one person, a sheet for each list.
struct Book {
    title: String,
    sheets: Vec<Sheet>,
    /// Of all of them; the last sheet.
    history: Sheet,
    made: jiff::civil::DateTime,
}

impl Book {
    /// The person's own row first, its history last.
    fn of(
        app: &App,
        (words, offices): (&'static Words, &Offices),
        (list, row): (&ListPage, &RowPage),
    ) -> Self {
        let said = words.privacy();
        let made = made(app);
        let mut own = Sheet::xlsx(words, list, made);
        own.add((words, offices), list, &row.line);
        let history = Sheet::named(said.history, &said.heads, made);
        Self { title: said.person.to_owned(), sheets: vec![own], history, made }
    }

    /// A line for each column that a change touched.
    fn tell(&mut self, (app, words): (&App, &'static Words), told: &PastLine) {
        let (line, list) = (&told.line, app.store.pages().list(told.list));
        let (at, action) = (app.local_time(line.at_ms), words.action(&line.action));
        let from = line.site.as_deref().unwrap_or(words.lists.headquarters);
        for changed in &line.changes {
            let (label, before, after) = shown::changed(words, list, changed);
            let table = words.label(&list.label);
            let cells = [table, &told.name, &at, from, action, &label, &before.text, &after.text];
            self.history.push(cells.map(|text| Cell::from(text.to_owned())).to_vec());
        }
    }

    /// Says so where not everything is told.
    fn tell_left_out(&mut self, words: &Words, changes: usize) {
        if changes > 0 {
            let said = fill(words.privacy().left_out, &[("count", &changes.to_string())]);
            self.history.push(vec![Cell::from(said)]);
        }
    }

    fn download(mut self) -> Result<Download, ExportError> {
        self.sheets.push(self.history);
        book(&self.title, self.made, &self.sheets)
    }
}
