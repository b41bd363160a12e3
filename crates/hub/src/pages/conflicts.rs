//! `/conflicts`: values of which one did not stand, and what people decide about them.

mod typed;

use std::{collections::BTreeSet, sync::Arc};

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use store::{
    Cell, ConflictLine, ConflictState, ConflictsAsked, ConflictsListed, Denied, KeptSide, Settled, Take,
};

use super::{
    Person, Shell, Visit,
    address::Fields,
    shown::{self, Shown},
    told::{self, Teller, denied, fill},
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{DecisionWords, ListWords},
};

pub(super) use typed::{ask, decide_typed};

pub(super) const PATH: &str = "/conflicts";
pub(super) const ONE: &str = "/conflicts/{id}";
const REGION: &str = "region";
const TABLE: &str = "table";
const PAGE: &str = "page";
const PAST: &str = "past";
const DONE: &str = "done";
/// Conflicts on a page, of either kind; no more are decided at once.
const ROWS: usize = 25;
/// What a button says: what stands stays; the other one is taken.
const STAYS: &str = "stays";
const OTHER: &str = "other";
/// For all that are chosen.
const BULK: &str = "bulk";
const CHOSEN: &str = "id";

#[derive(Template)]
#[template(path = "conflicts.html")]
struct Page {
    shell: Shell,
    lists: &'static ListWords,
    words: &'static DecisionWords,
    rev: i64,
    /// Where buttons lead.
    action: String,
    filtered: bool,
    choices: Vec<Choices>,
    done: Option<String>,
    decides: bool,
    open_count: String,
    open: Vec<Line>,
    open_paging: Option<Paging>,
    decided_count: String,
    decided: Vec<Line>,
    decided_paging: Option<Paging>,
}

struct Choices {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String, bool)>,
}

struct Line {
    id: i64,
    table: String,
    row: Shown,
    column: String,
    region: String,
    at: String,
    sides: [Side; 2],
    /// Neither of them is there now.
    later: bool,
    who: String,
    looked: String,
    /// A value that a person typed instead of both.
    other: Option<Shown>,
    /// Where another value is typed.
    typed: Option<String>,
}

struct Side {
    label: &'static str,
    shown: Shown,
    site: String,
    at: String,
    stands: bool,
    tag: &'static str,
    /// Name and label of the button.
    button: Option<(&'static str, &'static str)>,
}

struct Paging {
    page: String,
    previous: Option<String>,
    next: Option<String>,
}

pub(super) async fn conflicts(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let fields = &visit.fields;
    let own = |name| fields.get(name).map(str::to_owned);
    let number = |name| fields.get(name).and_then(|page| page.parse().ok()).unwrap_or(1);
    let (region, table) = (own(REGION), own(TABLE));
    let asked = ConflictsAsked { region, table, page: number(PAGE), past: number(PAST), rows: ROWS };
    let listed = app.store.conflicts_listed(&person.viewer, &asked).await?;
    let view = View {
        teller: Teller::new(&app, &visit).await?,
        fields: fields.only(&[REGION, TABLE, PAGE, PAST]),
        decides: person.viewer.decides(),
    };
    let done = fields.get(DONE).and_then(|count| count.parse::<u32>().ok());
    page(&view.page(view.teller.shell(&person, &visit), (&asked, listed), done))
}

struct View<'a> {
    teller: Teller<'a>,
    fields: Fields,
    decides: bool,
}

impl View<'_> {
    fn page(
        &self,
        shell: Shell,
        (asked, listed): (&ConflictsAsked, ConflictsListed),
        done: Option<u32>,
    ) -> Page {
        let words = self.teller.words;
        Page {
            shell,
            lists: words.lists,
            words: words.decisions,
            rev: listed.rev,
            action: self.fields.on(PATH),
            filtered: asked.region.is_some() || asked.table.is_some(),
            choices: self.choices(asked, &listed),
            done: done.map(|count| fill(words.decisions.done, &[("count", &count.to_string())])),
            decides: self.decides,
            open_count: self.count(listed.open_page),
            open_paging: self.paging(PAGE, listed.open_page),
            open: listed.open.iter().map(|line| self.line(line)).collect(),
            decided_count: self.count(listed.decided_page),
            decided_paging: self.paging(PAST, listed.decided_page),
            decided: listed.decided.iter().map(|line| self.line(line)).collect(),
        }
    }

    fn count(&self, (_, _, total): (usize, usize, usize)) -> String {
        shown::whole(self.teller.words.language, i64::try_from(total).unwrap_or(i64::MAX))
    }

    fn choices(&self, asked: &ConflictsAsked, listed: &ConflictsListed) -> Vec<Choices> {
        let words = self.teller.words;
        let regions = listed.regions.iter().map(|region| (region.clone(), region.clone()));
        let tables = listed.tables.iter().map(|table| (table.clone(), self.teller.table(table)));
        let all = [
            (REGION, words.region, &asked.region, regions.collect::<Vec<_>>()),
            (TABLE, words.table, &asked.table, tables.collect()),
        ];
        let field = |(name, label, chosen, options): (_, _, &Option<String>, Vec<(String, String)>)| {
            // What is chosen stands there also where nothing has it any more: a form says what it does.
            let mut options = options;
            if let Some(chosen) = chosen.as_ref().filter(|chosen| options.iter().all(|(is, _)| is != *chosen))
            {
                options.push((chosen.clone(), chosen.clone()));
            }
            let marked = |(value, text): (String, String)| {
                let is_chosen = chosen.as_ref() == Some(&value);
                (value, text, is_chosen)
            };
            Choices { name, label, options: options.into_iter().map(marked).collect() }
        };
        all.map(field).into_iter().filter(|field| field.options.len() > 1).collect()
    }

    fn paging(&self, name: &str, (page, pages, _): (usize, usize, usize)) -> Option<Paging> {
        let lists = self.teller.words.lists;
        let to = |page: usize| self.fields.with(name, Some(&page.to_string())).on(PATH);
        (pages > 1).then(|| Paging {
            page: format!("{} {page} {} {pages}", lists.page, lists.of),
            previous: (page > 1).then(|| to(page - 1)),
            next: (page < pages).then(|| to(page + 1)),
        })
    }

    fn line(&self, line: &ConflictLine) -> Line {
        let (kept, teller) = (&line.kept, &self.teller);
        let href = line.row.path.as_ref().map(|path| format!("/{path}/{}", line.row.gid));
        let is_open = self.decides && kept.state != ConflictState::Decided;
        let sides = [(Take::Winner, &kept.winner, &line.winner), (Take::Loser, &kept.loser, &line.loser)];
        Line {
            id: kept.id,
            table: teller.table(&kept.table),
            row: Shown { text: line.row.name.clone(), href, kind: "" },
            column: self.column(line),
            region: kept.region.clone().unwrap_or_default(),
            at: teller.time(kept.at_ms),
            sides: sides.map(|(take, side, cell)| self.side(line, take, (side, cell))),
            later: kept.stands.is_none(),
            who: kept.who.clone().unwrap_or_default(),
            looked: kept.looked_ms.map(|ms| teller.time(ms)).unwrap_or_default(),
            other: line.other.as_ref().map(|cell| self.value(line, cell)),
            typed: (is_open && line.typed && kept.stands.is_some()).then(|| format!("{PATH}/{}", kept.id)),
        }
    }

    /// What people call the column. Of a table that has a list only the one that says the region is not in it.
    fn column(&self, line: &ConflictLine) -> String {
        let words = self.teller.words;
        match (line.list, line.column, &line.kept.column) {
            (Some(list), Some(column), _) => {
                words.label(&self.teller.pages.list(list).columns[column].label).to_owned()
            }
            (Some(_), None, Some(_)) => words.region.to_owned(),
            (_, _, name) => name.clone().unwrap_or_default(),
        }
    }

    fn side(&self, line: &ConflictLine, take: Take, (side, cell): (&KeptSide, &Option<Cell>)) -> Side {
        let words = self.teller.words.decisions;
        let is_decided = line.kept.state == ConflictState::Decided;
        // Of a decided one it is told what was chosen, whatever came later.
        let stands = if is_decided { line.kept.chosen == Some(take) } else { line.kept.stands == Some(take) };
        let is_open = self.decides && line.kept.state != ConflictState::Decided;
        let button = match (line.kept.stands, take) {
            _ if stands => Some((STAYS, words.keep)),
            (Some(Take::Winner), Take::Loser) => Some((OTHER, words.take)),
            _ => None,
        };
        let (label, whole_row) = match take {
            Take::Winner => (words.one, words.changed),
            Take::Loser => (words.other, words.deleted),
        };
        let is_known = side.wall_ms != UNKNOWN_AGE;
        let at = if is_known { self.teller.time(side.wall_ms) } else { words.unknown_age.to_owned() };
        Side {
            label,
            shown: cell.as_ref().map_or_else(|| whole(whole_row), |cell| self.value(line, cell)),
            site: self.teller.site_name(side.site),
            at,
            stands,
            tag: match (is_decided, stands) {
                (false, true) => words.stands,
                (false, false) => words.stands_not,
                (true, true) => words.chosen,
                (true, false) => words.not_chosen,
            },
            button: button.filter(|_| is_open),
        }
    }

    fn value(&self, line: &ConflictLine, cell: &Cell) -> Shown {
        let column = line.list.zip(line.column);
        let column = column.map(|(list, column)| &self.teller.pages.list(list).columns[column]);
        match (column, &cell.refers) {
            (Some(column), _) => shown::cell(self.teller.words, column, cell),
            (None, Some(named)) => Shown { text: named.name.clone(), ..Shown::default() },
            (None, None) => Shown { text: shown::plain(&cell.value), ..Shown::default() },
        }
    }
}

/// The time of a value that a file of unknown age brought.
const UNKNOWN_AGE: i64 = 0;

fn whole(text: &str) -> Shown {
    Shown { text: text.to_owned(), kind: "tag", ..Shown::default() }
}

/// A decision that was sent; `None`: of nothing that could be decided.
fn sent(fields: &[(String, String)]) -> Option<(BTreeSet<i64>, Take)> {
    let take_of = |word: &str| match word {
        STAYS => Some(Take::Winner),
        OTHER => Some(Take::Loser),
        _ => None,
    };
    let one = fields.iter().find_map(|(name, id)| Some((take_of(name)?, id)));
    if let Some((take, id)) = one {
        return Some((BTreeSet::from([id.parse().ok()?]), take));
    }
    let take = fields.iter().find(|(name, _)| name == BULK).and_then(|(_, word)| take_of(word))?;
    let chosen = fields.iter().filter(|(name, _)| name == CHOSEN).map(|(_, id)| id.parse().ok());
    let chosen: BTreeSet<i64> = chosen.collect::<Option<_>>()?;
    (chosen.len() <= ROWS).then_some((chosen, take))
}

pub(super) async fn decide(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let fields = visit.fields.only(&[REGION, TABLE, PAGE, PAST]);
    let teller = Teller::new(&app, &visit).await?;
    let around = (teller.shell(&person, &visit), visit.words);
    let settled = match sent(&form) {
        None => Err(Denied::Missing),
        Some((chosen, take)) => app.store.settle((&person.viewer, &person.user.name), &chosen, take).await,
    };
    let settled = match settled {
        Err(why) => return denied(why, around, fields.on(PATH)),
        Ok(settled) => settled,
    };
    let done = settled.iter().filter(|(_, came)| *came == Settled::Done).count();
    if done == settled.len() && done > 0 {
        let to = fields.with(DONE, Some(&done.to_string())).on(PATH);
        return Ok(Redirect::to(&to).into_response());
    }
    let lines = lines(&teller, &settled, done);
    told::told(around, (StatusCode::CONFLICT, visit.words.decisions.not_done), lines, fields.on(PATH))
}

/// What came of decisions of which not all were done.
fn lines(teller: &Teller<'_>, settled: &[(i64, Settled)], done: usize) -> Vec<String> {
    let words = teller.words.decisions;
    let told = settled.iter().filter_map(|(_, came)| match came {
        Settled::Done => None,
        Settled::Before { who, at_ms } => {
            Some(fill(words.before, &[("at", &teller.time(*at_ms)), ("who", who)]))
        }
        Settled::Gone => Some(words.gone.to_owned()),
        Settled::Later => Some(words.later.to_owned()),
        Settled::Named => Some(words.named.to_owned()),
        Settled::Unfit(unfit) => Some(words.unfit(*unfit).to_owned()),
    });
    let count = (done > 0).then(|| fill(words.done, &[("count", &done.to_string())]));
    let nothing = settled.is_empty().then(|| words.none_chosen.to_owned());
    nothing.into_iter().chain(count).chain(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(&str, &str)]) -> Option<(BTreeSet<i64>, Take)> {
        let fields: Vec<_> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        sent(&fields)
    }

    #[test]
    fn a_button_beside_a_value_decides_that_one_whatever_is_chosen() {
        assert_eq!(of(&[("id", "1"), ("id", "2"), ("other", "7")]), Some(([7].into(), Take::Loser)));
        assert_eq!(of(&[("id", "1"), ("id", "2"), ("bulk", "stays")]), Some(([1, 2].into(), Take::Winner)));
        assert_eq!(of(&[("bulk", "other")]), Some((BTreeSet::new(), Take::Loser)));
        let many: Vec<String> = (0..=ROWS).map(|id| id.to_string()).collect();
        let many: Vec<_> = many.iter().map(|id| ("id", id.as_str())).chain([("bulk", "stays")]).collect();
        for bad in [
            &[("id", "1")][..],
            &[("bulk", "all"), ("id", "1")],
            &[("stays", "x")],
            &many[..],
            &[("bulk", "stays"), ("id", "x")],
        ] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
