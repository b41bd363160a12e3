//! `/conflicts/ID`: a value of a person's own in the place of both sides of a conflict.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{Cell, ConflictLine, Denied, Figures, Settled, Shows, Take, Unfit};

use super::{DONE, Line, PATH, View, lines};
use crate::{
    Language,
    answer::Refusal,
    app::App,
    login::page,
    pages::{
        Person, Shell, Visit,
        address::Fields,
        told::{self, Teller, denied},
    },
    words::{DecisionWords, ListWords},
};

/// Another value for one of them.
#[derive(Template)]
#[template(path = "conflict_typed.html")]
struct TypedPage {
    shell: Shell,
    lists: &'static ListWords,
    words: &'static DecisionWords,
    line: Line,
    /// What was typed, or stands now.
    typed: String,
    /// Why it is no value of the column.
    unfit: Option<&'static str>,
    hint: &'static str,
    /// Value, label, and whether it is chosen, where the column's values have names; else none.
    options: Vec<(String, String, bool)>,
}

#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    value: String,
}

/// Another value is typed for one.
pub(crate) async fn ask(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = id.parse().unwrap_or(-1);
    typing(&app, (&person, &visit), id, None).await
}

/// `refused`: what was typed, and why it is no value.
async fn typing(
    app: &App,
    (person, visit): (&Person, &Visit),
    id: i64,
    refused: Option<(String, Unfit)>,
) -> Result<Response, Refusal> {
    let teller = Teller::new(app, visit).await?;
    let (shell, words) = (teller.shell(person, visit), visit.words);
    let found = app.store.conflict_listed(&person.viewer, id).await?;
    let view = View { teller, fields: Fields::default(), decides: person.viewer.decides() };
    let Some(found) = found else {
        return denied(Denied::Missing, (shell, words), PATH.to_owned());
    };
    let line = view.line(&found);
    if line.typed.is_none() {
        let why = if view.decides { Denied::Missing } else { Denied::Role };
        return denied(why, (shell, words), PATH.to_owned());
    }
    let stands = standing(app, &found, words.language);
    let options = view.options(&found, refused.as_ref().map(|(typed, _)| typed.as_str()), &stands);
    let column = found.list.zip(found.column);
    let shows = column.map(|(list, at)| view.teller.pages.list(list).columns[at].shows);
    let (typed, unfit) = match refused {
        Some((typed, unfit)) => (typed, Some(words.decisions.unfit(unfit))),
        None => (stands, None),
    };
    let status = if unfit.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let hint = match shows {
        Some(Shows::Date) => words.decisions.hint_date,
        Some(Shows::Time) => words.decisions.hint_time,
        Some(Shows::Number | Shows::Money) => words.decisions.hint_number,
        Some(Shows::Text) | None => "",
    };
    let (lists, words) = (words.lists, words.decisions);
    let page = page(&TypedPage { shell, lists, words, line, typed, unfit, hint, options })?;
    Ok((status, page).into_response())
}

pub(crate) async fn decide_typed(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let id = id.parse().unwrap_or(-1);
    let by = (&person.viewer, person.user.name.as_str());
    let came = app.store.settle_other(by, id, (&form.value, figures(visit.words.language))).await;
    let teller = Teller::new(&app, &visit).await?;
    let around = (teller.shell(&person, &visit), visit.words);
    match came {
        Err(why) => denied(why, around, PATH.to_owned()),
        Ok(Settled::Done) => Ok(Redirect::to(&format!("{PATH}?{DONE}=1")).into_response()),
        Ok(Settled::Unfit(unfit)) => typing(&app, (&person, &visit), id, Some((form.value, unfit))).await,
        Ok(other) => {
            let lines = lines(&teller, &[(id, other)], 0);
            told::told(around, (StatusCode::CONFLICT, visit.words.decisions.not_done), lines, PATH.to_owned())
        }
    }
}

impl View<'_> {
    /// The values that can be chosen, each once by what it is called; of several that are called alike the one that stands.
    fn options(&self, line: &ConflictLine, typed: Option<&str>, stands: &str) -> Vec<(String, String, bool)> {
        let Some((list, column)) = line.list.zip(line.column) else { return Vec::new() };
        let mut options = Vec::new();
        for choice in self.teller.pages.list(list).columns[column].chosen() {
            let standing = choice.values().find(|value| *value == stands);
            let value = standing.or_else(|| choice.values().next()).unwrap_or_default();
            options.push((value.to_owned(), self.teller.words.label(&choice.label).to_owned(), false));
        }
        if !options.is_empty() && options.iter().all(|(value, ..)| value != stands) {
            options.insert(0, (stands.to_owned(), stands.to_owned(), false));
        }
        let is = |wanted: &str| options.iter().position(|(value, ..)| value == wanted);
        if let Some(at) = typed.and_then(is).or_else(|| is(stands)) {
            options[at].2 = true;
        }
        options
    }
}

const fn figures(language: Language) -> Figures {
    match language {
        Language::Turkish => Figures::TURKISH,
        Language::English => Figures::ENGLISH,
    }
}

/// What stands now, as it is typed; not as it is called.
fn standing(app: &App, line: &ConflictLine, language: Language) -> String {
    let stands = match line.kept.stands {
        Some(Take::Winner) => &line.winner,
        Some(Take::Loser) => &line.loser,
        None => &None,
    };
    let written = |cell: &Cell| app.store.written(line, &cell.value, figures(language));
    stands.as_ref().map(written).unwrap_or_default()
}
