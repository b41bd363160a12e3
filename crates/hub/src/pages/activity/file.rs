//! The activity as a file: what the page shows, all of it.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use merge::Region;
use store::ActivityAsked;

use super::{
    super::{
        Person, Visit,
        address::Fields,
        export::{self as files, Format, Sheet},
        list::Link,
        told::Teller,
    },
    EXPORT, FILTER, PATH, View, asked, not_yours,
};
use crate::{answer::Refusal, app::App, words::Words};

/// Lines in a file: a sheet holds more, memory should not have to.
const LINES_MAX: usize = 100_000;
/// Lines that are asked for at once.
const PART: usize = 5_000;

pub(super) fn links(words: &Words, filter: &Fields) -> [Link; 2] {
    files::links(words, filter, PATH)
}

pub(in crate::pages) async fn export(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let turn = files::turn(&app).await?;
    let Some(wanted) = asked(&visit.fields.only(&FILTER), &app.settings.zone) else {
        return Err(Refusal::NoPath);
    };
    let view = View { teller: Teller::new(&app, &visit).await?, person: &person, fields: &visit.fields };
    let of_regions = *person.viewer.region() == Region::All;
    let (words, said) = (visit.words, visit.words.activity());
    let region = of_regions.then_some(words.region);
    let heads = [words.time, said.kind, said.who].into_iter().chain(region);
    let heads: Vec<_> = heads.chain([said.detail, words.action]).collect();
    let sheet = Sheet::named(said.title, &heads, files::made(&app));
    let mut sheet = sheet.in_format(Format::asked(&visit.fields));
    let mut wanted = ActivityAsked { count: PART, ..wanted };
    loop {
        let Some(found) = app.store.activity(&person.viewer, &wanted).await? else {
            return not_yours(&app, &person, &visit);
        };
        let room = LINES_MAX - sheet.len();
        found.lines.iter().take(room).for_each(|line| sheet.push(view.cells(line, of_regions)));
        match found.older.filter(|_| sheet.len() < LINES_MAX) {
            Some(older) => wanted.before = Some(older),
            None => break,
        }
    }
    let path = EXPORT.trim_matches('/').trim_end_matches("/export");
    files::note(&app, &person, (path, &visit.fields.only(&FILTER), sheet.len())).await?;
    files::make(turn, move || sheet.download()).await
}
