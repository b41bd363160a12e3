//! Undoing a change or a batch: what it would do is shown first, and done when the person agrees to just that.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{
    Denied, HistoryLine, KeptLine, Rejected, Undoing, Undone, UndoneLine, UndonePage, Unmade, WhyKept,
};

use super::{
    Person, Shell, Visit, history,
    shown::Shown,
    told::{Teller, denied, fill, told},
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{ListWords, UndoWords},
};

pub(super) const BATCH: &str = "/history/{id}/undo";
pub(super) const CHANGE: &str = "/undo/{rev}/{gid}";
const OVER: &str = "over";
const DONE: &str = "done";

#[derive(Template)]
#[template(path = "undo.html")]
struct Page {
    shell: Shell,
    lists: &'static ListWords,
    words: &'static UndoWords,
    /// Said first: what was done, or that something came in meanwhile.
    said: Option<String>,
    about: String,
    would: Option<String>,
    rows: Vec<Row>,
    kept_count: Option<String>,
    kept: Vec<Kept>,
    already: Option<String>,
    first_only: Option<String>,
    agreed: String,
    why: String,
    action: String,
    over: bool,
    /// Where it is shown with what came later, or without.
    other: Option<String>,
    back: String,
}

struct Row {
    table: String,
    row: Shown,
    action: &'static str,
    along: bool,
    columns: Vec<history::Column>,
}

struct Kept {
    table: String,
    row: Shown,
    why: &'static str,
    /// Before, the change, now.
    columns: Vec<(String, [Shown; 3])>,
    rows: Vec<Shown>,
}

#[derive(Deserialize)]
pub(super) struct Agreed {
    agreed: String,
    #[serde(default)]
    over: String,
    #[serde(default)]
    why: String,
}

/// Where a change is undone, by whoever may; `None`: there is nothing to undo.
pub(super) fn address(decides: bool, line: &HistoryLine) -> Option<String> {
    (decides && line.is_change()).then(|| of_change(&line.rev.to_string(), &line.gid))
}

pub(super) fn of_change(rev: &str, gid: &str) -> String {
    format!("/undo/{rev}/{gid}")
}

pub(super) fn of_batch(id: i64) -> String {
    format!("{}/undo", history::address(id))
}

pub(super) async fn look_batch(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    look(&app, (person, visit), batch_of(&id)).await
}

pub(super) async fn undo_batch(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<Agreed>,
) -> Result<Response, Refusal> {
    undo(&app, (person, visit), batch_of(&id), form).await
}

pub(super) async fn look_change(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path((rev, gid)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    look(&app, (person, visit), change_of(&rev, gid)).await
}

pub(super) async fn undo_change(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path((rev, gid)): Path<(String, String)>,
    Form(form): Form<Agreed>,
) -> Result<Response, Refusal> {
    undo(&app, (person, visit), change_of(&rev, gid), form).await
}

/// What is no number is of nothing.
fn batch_of(id: &str) -> Undoing {
    Undoing::Batch(id.parse().unwrap_or(-1))
}

fn change_of(rev: &str, gid: String) -> Undoing {
    Undoing::Change { rev: rev.parse().unwrap_or(-1), gid }
}

/// What undoing would do.
async fn look(app: &App, (person, visit): (Person, Visit), what: Undoing) -> Result<Response, Refusal> {
    let over = visit.fields.get(OVER).is_some();
    let done = visit.fields.get(DONE).and_then(|count| count.parse::<u32>().ok());
    let said = done.map(|count| fill(visit.words.undo().was_done, &[("count", &count.to_string())]));
    looked(app, (&person, &visit), (what, over), said).await
}

async fn looked(
    app: &App,
    (person, visit): (&Person, &Visit),
    (what, over): (Undoing, bool),
    said: Option<String>,
) -> Result<Response, Refusal> {
    let view = View::new(app, visit, (what, over)).await?;
    let shell = view.teller.shell(person, visit);
    let undone = match app.store.look_undo_as(&person.viewer, &view.what, over).await {
        Ok(undone) => undone,
        Err(why) => return not_undone(why, (shell, &view)),
    };
    let told = app.store.undone_page(&person.viewer, &undone).await?;
    page(&view.page(shell, (&undone, &told), (said, String::new())))
}

/// Whether a reason says something.
fn is_blank(why: &str) -> bool {
    why.chars().all(|c| c.is_whitespace() || c.is_control())
}

async fn undo(
    app: &App,
    (person, visit): (Person, Visit),
    what: Undoing,
    form: Agreed,
) -> Result<Response, Refusal> {
    let over = !form.over.is_empty();
    if is_blank(&form.why) {
        let said = Some(visit.words.undo().why_needed.to_owned());
        let answer = looked(app, (&person, &visit), (what, over), said).await?;
        let is_there = answer.status() == StatusCode::OK;
        return Ok(if is_there {
            (StatusCode::UNPROCESSABLE_ENTITY, answer).into_response()
        } else {
            answer
        });
    }
    let view = View::new(app, &visit, (what, over)).await?;
    let shell = view.teller.shell(&person, &visit);
    let by = (&person.viewer, person.user.name.as_str());
    let undone = match app.store.undo_as(by, &view.what, over, (&form.agreed, &form.why)).await {
        Ok(undone) => undone,
        Err(why) => return not_undone(why, (shell, &view)),
    };
    let said = match undone.state {
        Unmade::Done => {
            let to = format!("{}?{DONE}={}", view.action(), undone.rows.len());
            return Ok(Redirect::to(&to).into_response());
        }
        Unmade::Nothing => view.words.was_nothing,
        Unmade::Looked | Unmade::Changed => view.words.was_changed,
    };
    let told = app.store.undone_page(&person.viewer, &undone).await?;
    let answer = page(&view.page(shell, (&undone, &told), (Some(said.to_owned()), form.why)))?;
    Ok((StatusCode::CONFLICT, answer).into_response())
}

fn not_undone(why: Denied, (shell, view): (Shell, &View<'_>)) -> Result<Response, Refusal> {
    let around = (shell, view.teller.words);
    match why {
        Denied::Rejected(Rejected::Store(store::Error::TooMuch(_))) => {
            let title = view.teller.words.decisions.not_done;
            let said = vec![view.words.too_much.to_owned()];
            told(around, (StatusCode::CONFLICT, title), said, history::PATH.to_owned())
        }
        other => denied(other, around, history::PATH.to_owned()),
    }
}

struct View<'a> {
    teller: Teller<'a>,
    words: &'static UndoWords,
    what: Undoing,
    over: bool,
}

impl<'a> View<'a> {
    async fn new(app: &'a App, visit: &Visit, (what, over): (Undoing, bool)) -> Result<Self, Refusal> {
        Ok(Self { teller: Teller::new(app, visit).await?, words: visit.words.undo(), what, over })
    }

    fn action(&self) -> String {
        match &self.what {
            Undoing::Batch(id) => of_batch(*id),
            Undoing::Change { rev, gid } => of_change(&rev.to_string(), gid),
        }
    }

    fn page(
        &self,
        shell: Shell,
        (undone, told): (&Undone, &UndonePage),
        (said, why): (Option<String>, String),
    ) -> Page {
        let words = self.words;
        let count = |sentence: &str, count: usize| {
            (count > 0).then(|| fill(sentence, &[("count", &count.to_string())]))
        };
        let (about, back) = match &self.what {
            Undoing::Batch(id) => (words.about_batch, history::address(*id)),
            Undoing::Change { .. } => (words.about_one, history::PATH.to_owned()),
        };
        let at = self.teller.time(undone.at_ms);
        let shown = told.rows.len().max(told.kept.len());
        let is_cut = told.rows.len() < undone.rows.len() || told.kept.len() < undone.kept.len();
        let other = match self.over {
            true => Some(self.action()),
            false => undone.may_go_over().then(|| format!("{}?{OVER}=1", self.action())),
        };
        Page {
            shell,
            lists: self.teller.words.lists,
            words,
            said,
            about: fill(about, &[("at", &at), ("who", &self.teller.site_name(undone.site))]),
            would: count(words.would, undone.rows.len()),
            rows: told.rows.iter().map(|row| self.row(row)).collect(),
            kept_count: count(words.kept, undone.kept.len()),
            kept: told.kept.iter().map(|kept| self.kept(kept)).collect(),
            already: count(words.already, undone.already),
            first_only: count(words.first_only, shown).filter(|_| is_cut),
            agreed: undone.agreed.clone(),
            why,
            action: self.action(),
            over: self.over,
            other,
            back,
        }
    }

    fn row(&self, row: &UndoneLine) -> Row {
        let list = row.list.map(|at| self.teller.pages.list(at));
        let action = self.words.actions.iter().find(|(action, _)| *action == row.action);
        let is_edit = row.action == "update";
        let columns =
            list.filter(|_| is_edit).map(|list| history::columns(self.teller.words, list, &row.changes));
        Row {
            table: self.teller.table(&row.table),
            row: history::named(&row.row),
            action: action.map_or("", |(_, said)| said),
            along: row.along,
            columns: columns.unwrap_or_default(),
        }
    }

    fn kept(&self, kept: &KeptLine) -> Kept {
        let words = self.teller.words;
        let column = |beside: &store::Beside| {
            let column =
                kept.list.zip(beside.column).map(|(list, at)| &self.teller.pages.list(list).columns[at]);
            let label = column.map_or(words.region, |column| words.label(&column.label)).to_owned();
            (label, beside.cells.each_ref().map(|cell| history::cell(words, column, cell)))
        };
        Kept {
            table: self.teller.table(&kept.table),
            row: history::named(&kept.row),
            why: self.why(kept.why),
            columns: kept.columns.iter().map(column).collect(),
            rows: kept.rows.iter().map(history::named).collect(),
        }
    }

    const fn why(&self, why: WhyKept) -> &'static str {
        match why {
            WhyKept::Later => self.words.later,
            WhyKept::Hangs => self.words.hangs,
            WhyKept::Needs => self.words.needs,
            WhyKept::Named => self.words.named,
            WhyKept::Dead => self.words.dead,
            WhyKept::Became => self.words.became,
            WhyKept::Region => self.words.region,
            WhyKept::Refused => self.words.refused,
        }
    }
}
