//! `/held`: batches that wait for a person, and what people decide about them.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{BatchLine, Decision, Denied, EndedBatch, HeldBatch, HeldTable, Rejected};

use super::{
    Person, Shell, Visit, history, shown,
    told::{Teller, denied, fill, told},
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{DecisionWords, ListWords, Words},
};

pub(super) const PATH: &str = "/held";
pub(super) const ONE: &str = "/held/{id}";
const DONE: &str = "done";
const DECIDE: &str = "decide";
const LET_THROUGH: &str = "let";
const SEND_BACK: &str = "back";
/// Of whom nothing was heard for so long, nobody may be waiting for the decision. **Units**: milliseconds.
const SILENT_MS: i64 = 24 * 60 * 60 * 1000;
/// Rows of a batch that are told.
const ROWS: usize = 200;

#[derive(Template)]
#[template(path = "held.html")]
struct Page {
    shell: Shell,
    words: &'static DecisionWords,
    table: &'static str,
    done: &'static str,
    decides: bool,
    batches: Vec<Batch>,
}

#[derive(Template)]
#[template(path = "held_one.html")]
struct OnePage {
    shell: Shell,
    words: &'static DecisionWords,
    table: &'static str,
    decides: bool,
    batch: Batch,
    lists: &'static ListWords,
    /// What it would do, row by row.
    rows: Vec<RowLine>,
    more: Option<String>,
    /// What is about to be decided: its word, its button, and what happens then.
    sure: Option<(&'static str, &'static str, String)>,
}

struct Batch {
    id: i64,
    site: String,
    region: String,
    since: String,
    last_contact: String,
    lines: Vec<TableLine>,
    notes: Vec<String>,
}

struct RowLine {
    table: String,
    row: shown::Shown,
    action: &'static str,
    columns: Vec<history::Column>,
}

struct TableLine {
    table: String,
    why: &'static str,
    /// Deletions, changes, new rows, still to come, of another region.
    counts: [(&'static str, String); 5],
}

#[derive(Deserialize)]
pub(super) struct Decided {
    decide: String,
}

fn decision(word: &str) -> Option<Decision> {
    match word {
        LET_THROUGH => Some(Decision::LetThrough),
        SEND_BACK => Some(Decision::SendBack),
        _ => None,
    }
}

pub(super) async fn held(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let batches = app.store.held_listed(&person.viewer).await?;
    let view = View { teller: Teller::new(&app, &visit).await?, now_ms: app.now_ms() };
    let words = visit.words.decisions;
    let done = match visit.fields.get(DONE).and_then(decision) {
        Some(Decision::LetThrough) => words.was_let,
        Some(Decision::SendBack) => words.was_sent,
        None => "",
    };
    page(&Page {
        shell: view.teller.shell(&person, &visit),
        words,
        table: visit.words.table,
        done,
        decides: person.viewer.decides(),
        batches: batches.iter().map(|batch| view.batch(batch)).collect(),
    })
}

/// One of them; what happens is said before it is decided.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let view = View { teller: Teller::new(&app, &visit).await?, now_ms: app.now_ms() };
    let shell = view.teller.shell(&person, &visit);
    let Some(one) = find(&app, &person, &id).await? else {
        return denied(Denied::Missing, (shell, visit.words), PATH.to_owned());
    };
    if !one.waits {
        let title = visit.words.decisions.held;
        return told(
            (shell, visit.words),
            (StatusCode::OK, title),
            vec![ended(visit.words, &one)],
            PATH.to_owned(),
        );
    }
    let decides = person.viewer.decides();
    // Where the file cannot be read any more, the counts are what there is.
    let found = app.store.held_rows(&person.viewer, one.batch.id, ROWS).await.unwrap_or_else(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, "a batch that waits cannot be looked into");
        None
    });
    let (lines, more) = found.unwrap_or_default();
    let more = i64::try_from(more).unwrap_or(i64::MAX);
    let said = visit.words.decisions.more_rows;
    let decision = visit.fields.get(DECIDE).and_then(decision).filter(|_| decides);
    page(&OnePage {
        shell,
        words: visit.words.decisions,
        table: visit.words.table,
        decides,
        lists: visit.words.lists,
        rows: lines.iter().map(|line| view.row(line)).collect(),
        more: (more > 0).then(|| fill(said, &[("count", &shown::whole(visit.words.language, more))])),
        sure: decision.map(|decision| view.sure(&one.batch, decision)),
        batch: view.batch(&one.batch),
    })
}

pub(super) async fn decide(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<Decided>,
) -> Result<Response, Refusal> {
    let shell = Shell::of(&person, &visit, app.store.pages());
    let (around, back, words) = ((shell, visit.words), PATH.to_owned(), visit.words.decisions);
    let Some((decision, id)) = decision(&form.decide).zip(id.parse::<i64>().ok()) else {
        return denied(Denied::Missing, around, back);
    };
    let why = match app.store.settle_held((&person.viewer, &person.user.name), id, decision).await {
        Ok(()) => return Ok(Redirect::to(&format!("{PATH}?{DONE}={}", form.decide)).into_response()),
        Err(Denied::Rejected(Rejected::Store(store::Error::NoHeld(_) | store::Error::Superseded(_)))) => {
            let one = app.store.held_one(&person.viewer, id).await?;
            one.map_or_else(|| words.ended.to_owned(), |one| ended(visit.words, &one))
        }
        Err(Denied::Rejected(Rejected::File(_) | Rejected::Rows(_) | Rejected::Revoked)) => {
            words.stays_held.to_owned()
        }
        Err(why) => return denied(why, around, back),
    };
    told(around, (StatusCode::CONFLICT, words.not_done), vec![why], back)
}

async fn find(app: &App, person: &Person, id: &str) -> Result<Option<EndedBatch>, Refusal> {
    match id.parse() {
        Ok(id) => Ok(app.store.held_one(&person.viewer, id).await?),
        Err(_) => Ok(None),
    }
}

/// Why it waits no longer.
fn ended(words: &Words, one: &EndedBatch) -> String {
    match &one.who {
        Some(who) => fill(words.decisions.ended_by, &[("who", who)]),
        None => words.decisions.ended.to_owned(),
    }
}

struct View<'a> {
    teller: Teller<'a>,
    now_ms: i64,
}

impl View<'_> {
    fn number(&self, number: u64) -> String {
        shown::whole(self.teller.words.language, i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn batch(&self, batch: &HeldBatch) -> Batch {
        let site = self.teller.site(batch.site);
        let contact = site.and_then(|site| site.last_contact_ms);
        Batch {
            id: batch.id,
            site: self.teller.site_name(batch.site),
            region: site.map(|site| self.teller.region(&site.region).to_owned()).unwrap_or_default(),
            since: self.teller.time(batch.at_ms),
            last_contact: contact
                .map_or_else(|| self.teller.words.never.to_owned(), |ms| self.teller.time(ms)),
            lines: batch.tables.iter().flat_map(|table| self.lines(table)).collect(),
            notes: self.notes(batch),
        }
    }

    fn row(&self, one: &BatchLine) -> RowLine {
        let (words, list) = (self.teller.words, self.teller.pages.list(one.list));
        let is_edit = one.line.action == "update";
        RowLine {
            table: words.label(&list.label).to_owned(),
            row: history::named(&one.row),
            action: words.action(&one.line.action),
            columns: if is_edit { history::columns(words, list, &one.line.changes) } else { Vec::new() },
        }
    }

    /// What it does to a table: what is decided along with others, and the rest.
    fn lines(&self, table: &HeldTable) -> Vec<TableLine> {
        let words = self.teller.words.decisions;
        let why = match table {
            table if table.passes => words.why_none,
            table if table.refused > 0 => words.why_region,
            _ => words.why_changes,
        };
        let own = [table.deletes, table.updates, table.inserts, table.more, table.refused];
        let says = own.iter().any(|count| *count > 0) || !table.passes;
        let along = (table.follow > 0).then(|| self.line(table, words.why_along, [table.follow, 0, 0, 0, 0]));
        along.into_iter().chain(says.then(|| self.line(table, why, own))).collect()
    }

    fn line(&self, table: &HeldTable, why: &'static str, counts: [u64; 5]) -> TableLine {
        let words = self.teller.words.decisions;
        let labels = [words.deletes, words.updates, words.inserts, words.more, words.refused];
        let mut counts = counts.map(|count| self.number(count)).into_iter();
        let counts = labels.map(|label| (label, counts.next().unwrap_or_default()));
        TableLine { table: self.teller.table(&table.table), why, counts }
    }

    /// What whoever decides should know besides.
    fn notes(&self, batch: &HeldBatch) -> Vec<String> {
        let words = self.teller.words.decisions;
        let renumbered = batch.tables.iter().filter(|table| !table.passes && table.may_be_renumbered());
        let renumbered =
            renumbered.map(|table| fill(words.renumbered, &[("table", &self.teller.table(&table.table))]));
        let site = self.teller.site(batch.site);
        let contact = site.and_then(|site| match (site.revoked_ms, site.last_contact_ms) {
            (Some(at), _) => Some((words.revoked, at)),
            (None, Some(at)) if self.now_ms - at > SILENT_MS => Some((words.silent, at)),
            _ => None,
        });
        renumbered.chain(contact.map(|(said, at)| fill(said, &[("at", &self.teller.time(at))]))).collect()
    }

    /// What a decision does, in one sentence.
    fn sure(&self, batch: &HeldBatch, decision: Decision) -> (&'static str, &'static str, String) {
        let words = self.teller.words.decisions;
        let lets = decision == Decision::LetThrough;
        let decided = |table: &&HeldTable| lets || !table.passes;
        let sum = |of: fn(&HeldTable) -> u64| batch.tables.iter().filter(decided).map(of).sum::<u64>();
        let along: u64 = batch.tables.iter().map(|table| table.follow).sum();
        let (more, refused) = (sum(|table| table.more), sum(|table| table.refused));
        let sentence = match decision {
            Decision::LetThrough if refused > 0 => words.sure_let_refused,
            Decision::LetThrough if more > 0 => words.sure_let_more,
            Decision::LetThrough => words.sure_let,
            Decision::SendBack if refused > 0 => words.sure_back_region,
            Decision::SendBack => words.sure_back,
        };
        let said = fill(
            sentence,
            &[
                ("deletes", &self.number(sum(|table| table.deletes) + along)),
                ("updates", &self.number(sum(|table| table.updates))),
                ("inserts", &self.number(sum(|table| table.inserts))),
                ("more", &self.number(more)),
                ("refused", &self.number(refused)),
                ("site", &self.teller.site_name(batch.site)),
            ],
        );
        if lets { (LET_THROUGH, words.let_through, said) } else { (SEND_BACK, words.send_back, said) }
    }
}
