//! Taking changes back: one, or all that came together.
//!
//! What is taken back becomes changes of headquarters with stamps of their own, merged as any others; nothing of the history
//! goes. The one thing to know: looking and doing are one computation. A look ends before anything is written, and what a
//! person agreed to is done only while a new look says the same.

mod judge;
mod lines;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use async_trait::async_trait;
use merge::{
    Action, Age, Author, Change, Mint as _, Outcome, Refusal, Region, Scope, Stored, Verdict, merge,
};
use model::{Gid, Rev, SiteId, Stamp};

use super::{
    audit,
    batches::{self, Came},
    history, rows,
};
use crate::{
    Error, KeptBack, Result, Undoing, Undone, UndoneRow, Unmade, WhyKept,
    desk::{Desk, Made},
    writer::Job,
};
use judge::Step;
use lines::{Item, Wish};

pub(crate) use lines::is_seen;

pub(crate) struct Undo {
    pub what: Undoing,
    /// Also what came later goes: the person has seen it and says so.
    pub over: bool,
    /// What the person agreed to; `None`: it is only looked at.
    pub agreed: Option<String>,
    pub who: String,
    pub why: String,
    /// Whose rows the person may change.
    pub region: Region,
    done: bool,
}

impl Undo {
    pub fn new(what: Undoing, over: bool, region: Region) -> Self {
        Self { what, over, agreed: None, who: String::new(), why: String::new(), region, done: false }
    }

    /// What a person agreed to is done.
    pub fn agreed(self, agreed: &str, (who, why): (String, String)) -> Self {
        Self { agreed: Some(agreed.to_owned()), who, why, ..self }
    }
}

#[async_trait]
impl Job for Undo {
    type Answer = Undone;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Undone> {
        let found = lines::find(desk, &self.what, &self.region).await?;
        let mut work = Work::new(desk, self, found.items);
        work.all(desk).await?;
        let Work { mut scope, outcomes, kept, already, own, .. } = work;
        let rows = told(desk, &outcomes, &own);
        let mut undone =
            Undone { site: found.site, at_ms: found.at_ms, rows, kept, already, ..Undone::default() };
        undone.agreed = digest(&undone, self.over)?;
        undone.state = match &self.agreed {
            None => Unmade::Looked,
            Some(_) if undone.rows.is_empty() => Unmade::Nothing,
            Some(agreed) if *agreed != undone.agreed => Unmade::Changed,
            Some(_) => Unmade::Done,
        };
        self.done = undone.state == Unmade::Done;
        if self.done {
            rows::save(desk.db, &desk.hub.rules, &scope.take_changed()).await?;
            history::write(desk, &outcomes, &scope).await?;
            self.note(desk, undone.rows.len()).await?;
        }
        Ok(undone)
    }

    fn keeps(&self) -> bool {
        self.done
    }
}

impl Undo {
    async fn note(&self, desk: &mut Desk<'_>, rows: usize) -> Result<()> {
        let undoes = self.what.to_string();
        let came = Came { who: &self.who, why: &self.why, undoes: &undoes, ..Came::of("undo") };
        batches::write(desk, SiteId::HUB, &came).await?;
        let word = match self.what {
            Undoing::Batch(_) => "undo_batch",
            Undoing::Change { .. } => "undo",
        };
        let what = format!("{undoes} rows={rows}");
        let what = if self.why.is_empty() { what } else { [&what, " ", &self.why].concat() };
        audit(desk, &self.who, word, &what).await
    }
}

/// What a person agrees to.
fn digest(undone: &Undone, over: bool) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    serde_json::to_writer(&mut hasher, &(&undone.rows, &undone.kept, over))
        .map_err(|_| Error::Broken("what is undone cannot be written down"))?;
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

/// Undoing at work.
struct Work {
    scope: Scope,
    author: Author,
    over: bool,
    items: Vec<Item>,
    /// Rows that are still to be looked at.
    open: HashSet<Gid>,
    /// What was to be undone.
    own: HashSet<Gid>,
    outcomes: Vec<(Stamp, Rev, Outcome)>,
    kept: Vec<KeptBack>,
    already: usize,
}

impl Work {
    fn new(desk: &Desk<'_>, undo: &Undo, items: Vec<Item>) -> Self {
        let own: HashSet<Gid> = items.iter().map(|item| item.gid).collect();
        // Headquarters has seen everything.
        let author = Author::new(SiteId::HUB, undo.region.clone(), desk.meta.rev);
        let (scope, outcomes, kept, already) = Default::default();
        Self { scope, author, over: undo.over, items, open: own.clone(), own, outcomes, kept, already }
    }

    /// Round by round: what waits for another row of the same batch is looked at again, as long as that helps.
    async fn all(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let mut open = std::mem::take(&mut self.items);
        open.sort_by_key(|item| item.turn(&desk.hub.order));
        self.preload(desk, &open).await?;
        while !open.is_empty() {
            let (before, mut next) = (open.len(), Vec::new());
            for item in open {
                match self.judge(desk, &item).await? {
                    Step::Wait(why) => next.push((item, why)),
                    step => self.take(desk, &item, step).await?,
                }
            }
            if next.len() == before {
                for (item, why) in next {
                    self.keep(&item, why);
                }
                return Ok(());
            }
            open = next.into_iter().map(|(item, _)| item).collect();
        }
        Ok(())
    }

    /// What all of them touch, at once.
    async fn preload(&mut self, desk: &mut Desk<'_>, items: &[Item]) -> Result<()> {
        let base = self.author.seen;
        let change = |item: &Item| item.change(item.action(&|_| true), base);
        let changes: Vec<Change> = items.iter().map(change).collect();
        rows::load(desk.db, &desk.hub.rules, &mut self.scope, &changes, &Made::default()).await
    }

    async fn take(&mut self, desk: &mut Desk<'_>, item: &Item, step: Step) -> Result<()> {
        match step {
            Step::Done => {
                // Not what came back or went along with another row just now.
                let row = self.scope.row(item.gid);
                self.already += usize::from(row.is_none_or(|row| row.rev <= self.author.seen));
                self.open.remove(&item.gid);
            }
            Step::Keep(kept) | Step::Wait(kept) => self.keep(item, kept),
            Step::Do { action, kept } => {
                self.open.remove(&item.gid);
                self.merge(desk, item, action).await?;
                self.kept.extend(kept);
            }
        }
        Ok(())
    }

    fn keep(&mut self, item: &Item, kept: KeptBack) {
        self.open.remove(&item.gid);
        self.kept.push(kept);
    }

    async fn merge(&mut self, desk: &mut Desk<'_>, item: &Item, action: Action) -> Result<()> {
        let rules = &desk.hub.rules;
        let change = item.change(action, self.author.seen);
        rows::load(desk.db, rules, &mut self.scope, std::slice::from_ref(&change), &Made::default()).await?;
        let stamp = desk.mint(SiteId::HUB).stamp();
        let rev = desk.meta.next_rev();
        let outcome = merge(rules, &mut self.scope, &self.author, Change { stamp, ..change }, rev);
        match outcome.verdict {
            Verdict::Applied => self.outcomes.push((stamp, rev, outcome)),
            Verdict::Unchanged | Verdict::Repeated => self.already += 1,
            Verdict::Refused(Refusal::Region) => self.kept.push(item.kept(desk, WhyKept::Region)),
            Verdict::NotDeleted | Verdict::Fallen(_) | Verdict::Refused(_) => {
                self.kept.push(item.kept(desk, WhyKept::Refused));
            }
        }
        Ok(())
    }
}

impl Item {
    fn change(&self, action: Action, base: Rev) -> Change {
        let stamp = Stamp { wall_ms: 0, counter: 0, site: SiteId::HUB };
        Change { table: self.table, gid: self.gid, stamp, base, age: Age::Known, action }
    }

    fn kept(&self, desk: &Desk<'_>, why: WhyKept) -> KeptBack {
        let table = desk.hub.rules[self.table].name.clone();
        KeptBack { table, gid: self.gid.to_string(), why, columns: Vec::new(), rows: Vec::new() }
    }
}

/// Rows that get another state, each once.
fn told(desk: &Desk<'_>, outcomes: &[(Stamp, Rev, Outcome)], own: &HashSet<Gid>) -> Vec<UndoneRow> {
    type States = (Option<Arc<Stored>>, Arc<Stored>);
    let mut rows: BTreeMap<Gid, States> = BTreeMap::new();
    for written in outcomes.iter().flat_map(|(_, _, outcome)| &outcome.written) {
        let state = || (written.before.clone(), Arc::clone(&written.after));
        rows.entry(written.after.gid).or_insert_with(state).1 = Arc::clone(&written.after);
    }
    let rules = &desk.hub.rules;
    let row = |(gid, (before, after)): (Gid, States)| {
        let lived = before.as_deref().is_some_and(Stored::lives);
        let action = match (lived, after.lives()) {
            (true, false) => "delete",
            (false, true) => "revive",
            (false, false) => return None,
            (true, true) if before.as_deref().map(|row| &row.cells) == Some(&after.cells) => return None,
            (true, true) => "update",
        };
        let rule = &rules[after.table];
        let object = |row: &Stored| history::json_of(rule, &row.cells);
        Some(UndoneRow {
            table: rule.name.clone(),
            gid: gid.to_string(),
            action: action.to_owned(),
            before: before.as_deref().filter(|_| lived).map(object),
            after: after.lives().then(|| object(&after)),
            along: !own.contains(&gid),
        })
    };
    rows.into_iter().filter_map(row).collect()
}
