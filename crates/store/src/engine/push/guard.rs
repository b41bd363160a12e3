//! How much the batches of a site update and delete, all together.
//!
//! A file is the whole difference; a batch is a part of it, or what a quarter of a second brought. So a batch is judged
//! together with those before it (deletions of a day, updates of some minutes, or since a person last decided) and with what
//! the site has still to send: by the measure of a file. Its share is that of the rows that the hub has, or of those that the site says it has, if
//! these are fewer.

use std::collections::{BTreeMap, HashMap};

use merge::{Action, Cells, Change, Guard, TableId, is_blank};
use model::{Gid, SiteId, Value};
use replica::wire::{self, End, Fate};

use crate::{
    Decision, Device, HeldTable, Result,
    desk::Desk,
    engine::{
        held::{LET_THROUGH, SENT_BACK, with_rest},
        pull::View,
    },
    query::{maybe, text},
    shape::{GUARD, TOUCHED},
};

/// So long the batches of a site count together. **Units**: milliseconds.
const WINDOW_MS: i64 = 24 * 60 * 60 * 1000;
/// So long their updates do: a program changes rows by the hundred in this time, a clerk does not, and may well work on
/// every vehicle of the office in a day.
const UPDATES_MS: i64 = 5 * 60 * 1000;
/// So long a count of rows is good enough.
const COUNT_MS: i64 = 60 * 60 * 1000;
/// Rows that are counted at once.
const PAGE_ROWS: usize = 4_000;

/// What is to become of a batch.
#[derive(Default)]
pub(super) struct Judged {
    /// For their sake it waits, if there are any; then the other tables are told too.
    pub held: Vec<HeldTable>,
    /// What a person refused before it came.
    pub back: Vec<HeldTable>,
    tables: Vec<Watched>,
}

/// What was done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Insert,
    Update,
    Delete,
}

/// One table of a batch.
struct Watched {
    table: TableId,
    site: SiteId,
    /// What the batch does to rows.
    deeds: HashMap<Gid, Deed>,
    /// How many changes of it are no inserts; and how many of these are of rows that the site itself added lately.
    said: usize,
    own: usize,
    /// Still to come after the batch.
    more: usize,
    /// What batches before did to rows, and when.
    before: HashMap<Gid, (Deed, i64)>,
    outdated: Vec<Gid>,
    standing: Standing,
}

/// What is remembered of a table of a site.
#[derive(Default)]
struct Standing {
    /// At least so many rows were there, with those that the site deleted lately.
    rows: usize,
    counted_ms: i64,
    decision: Option<String>,
    /// About so many changes to come it was decided.
    coming: usize,
    decided_ms: i64,
}

/// How much is too much: the batch with what is still to come, and with what came before.
struct Measure {
    alone: usize,
    together: usize,
    /// Rows that were deleted before.
    deleted: usize,
}

impl Deed {
    const fn of(action: &Action) -> Self {
        match action {
            Action::Insert(_) => Self::Insert,
            Action::Update(_) => Self::Update,
            Action::Delete { .. } => Self::Delete,
        }
    }

    /// What both did: a new row that was changed is a new row.
    const fn then(self, next: Self) -> Self {
        match next {
            Self::Delete => Self::Delete,
            _ => self,
        }
    }

    const fn window_ms(self) -> i64 {
        match self {
            Self::Update => UPDATES_MS,
            Self::Insert | Self::Delete => WINDOW_MS,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    fn read(word: &str) -> Self {
        let all = [Self::Insert, Self::Update];
        all.into_iter().find(|deed| deed.word() == word).unwrap_or(Self::Delete)
    }
}

impl Judged {
    pub async fn of(
        desk: &mut Desk<'_>,
        device: &Device,
        push: &wire::Push,
        changes: &[Change],
    ) -> Result<Self> {
        let mut judged = Self::default();
        let mut tables: BTreeMap<TableId, Vec<&Change>> = BTreeMap::new();
        changes.iter().for_each(|change| tables.entry(change.table).or_default().push(change));
        for (table, changes) in tables {
            let name = &desk.hub.rules[table].name;
            let number = |of: &BTreeMap<String, u64>| {
                usize::try_from(of.get(name).copied().unwrap_or(0)).unwrap_or(usize::MAX)
            };
            let (claimed, more) = (number(&push.rows), number(&push.more));
            let mut watched = Watched::load(desk, (device.site, table), &changes, more).await?;
            if watched.said > 0 {
                if watched.is_sent_back(desk.now_ms) {
                    judged.back.push(watched.told(desk, claimed));
                } else if let Some(rows) = watched.too_much(desk, device, claimed).await? {
                    judged.held.push(watched.told(desk, rows));
                }
            }
            judged.tables.push(watched);
        }
        if !judged.held.is_empty() {
            // Who decides about the one decides about the other too: what was refused does not slip through with it.
            judged.held.append(&mut judged.back);
        }
        judged.held = with_rest(&desk.hub.rules, changes, judged.held);
        Ok(judged)
    }

    /// Remembers what was done of a batch that did not wait.
    pub async fn note(self, desk: &mut Desk<'_>, changes: &[Change], fates: &[Fate]) -> Result<()> {
        for mut watched in self.tables {
            let allowed = watched.standing.allowed(LET_THROUGH, desk.now_ms);
            let ends = changes.iter().zip(fates).filter(|(change, _)| change.table == watched.table);
            let done = ends.filter(|(_, fate)| fate.end != End::Refused).map(|(change, _)| change);
            watched.note(desk, done, allowed).await?;
            if watched.said > 0 && (allowed > 0 || watched.is_sent_back(desk.now_ms)) {
                watched.standing.coming = watched.left();
                watched.save(desk).await?;
            }
        }
        Ok(())
    }
}

impl Watched {
    async fn load(
        desk: &mut Desk<'_>,
        (site, table): (SiteId, TableId),
        changes: &[&Change],
        more: usize,
    ) -> Result<Self> {
        let with = [("site", site_value(site)), ("table_name", text(&desk.hub.rules[table].name))];
        let (mut before, mut outdated) = (HashMap::new(), Vec::new());
        for row in desk.db.find(TOUCHED, &with).await? {
            let (gid, deed, at) = (Gid::from_uuid(row.uuid(2)?), Deed::read(row.text(3)?), row.int(4)?);
            if at > desk.now_ms.saturating_sub(deed.window_ms()) {
                before.insert(gid, (deed, at));
            } else {
                outdated.push(gid);
            }
        }
        let standing = Standing::load(desk, &with).await?;
        let (mut deeds, mut said, mut own) = (HashMap::new(), 0, 0);
        for change in changes {
            let deed = Deed::of(&change.action);
            if deed == Deed::Update && deeds.get(&change.gid) == Some(&Deed::Insert) {
                // More of a row that is new in this batch.
                continue;
            }
            let was: Option<Deed> =
                deeds.get(&change.gid).copied().or_else(|| Some(before.get(&change.gid)?.0));
            said += usize::from(deed != Deed::Insert);
            own += usize::from(deed == Deed::Update && was == Some(Deed::Insert));
            let now = deeds.get(&change.gid).map_or(deed, |first: &Deed| first.then(deed));
            deeds.insert(change.gid, now);
        }
        Ok(Self { table, site, deeds, said, own, more, before, outdated, standing })
    }

    /// Whether it is the rest of what a person has refused: exactly that is announced.
    fn is_sent_back(&self, now_ms: i64) -> bool {
        self.standing.allowed(SENT_BACK, now_ms) == self.said.saturating_add(self.more)
    }

    /// What is still decided after the batch: no more than is announced, if anything is.
    fn left(&self) -> usize {
        let left = self.standing.coming.saturating_sub(self.said);
        if self.more > 0 { left.min(self.more) } else { left }
    }

    /// Rows that batches before changed or deleted, and this one does not touch.
    fn earlier(&self, deed: Deed) -> usize {
        let others = self.before.iter().filter(|(gid, _)| !self.deeds.contains_key(gid));
        others.filter(|(_, (before, _))| *before == deed).count()
    }

    fn measure(&self, now_ms: i64) -> Measure {
        let allowed = self.standing.allowed(LET_THROUGH, now_ms);
        let alone = self.said.saturating_add(self.more).saturating_sub(allowed);
        let deleted = self.earlier(Deed::Delete);
        let before = deleted + self.earlier(Deed::Update);
        Measure { alone, together: alone.saturating_sub(self.own).saturating_add(before), deleted }
    }

    /// Of how many rows the batch is too much; `None`: it may pass.
    async fn too_much(
        &mut self,
        desk: &mut Desk<'_>,
        device: &Device,
        claimed: usize,
    ) -> Result<Option<usize>> {
        let (measure, guard) = (self.measure(desk.now_ms), desk.hub.rules.guard);
        let claimed = claimed.saturating_add(measure.deleted);
        if measure.is_held(&guard, claimed) {
            return Ok(Some(claimed));
        }
        let is_recent = self.standing.counted_ms > desk.now_ms.saturating_sub(COUNT_MS);
        let counted = if is_recent { self.standing.rows } else { 0 };
        if !measure.is_held(&guard, counted) {
            return Ok(None);
        }
        // Twice as many, or each batch would count again.
        let enough = measure.enough(&guard).saturating_mul(2);
        let living = living(desk, device, self.table, enough).await?;
        self.standing.rows = living.saturating_add(measure.deleted);
        self.standing.counted_ms = desk.now_ms;
        self.save(desk).await?;
        let rows = claimed.min(self.standing.rows);
        Ok(measure.is_held(&guard, rows).then_some(rows))
    }

    /// As people are told it: with what came before.
    fn told(&self, desk: &Desk<'_>, rows: usize) -> HeldTable {
        let come = |deed| self.deeds.values().filter(|of| **of == deed).count();
        let count = |deed| come(deed) + self.earlier(deed);
        let just = desk.now_ms.saturating_sub(UPDATES_MS);
        let before = self.before.iter().filter(|(gid, _)| !self.deeds.contains_key(gid));
        let added = before.filter(|(_, (deed, at))| *deed == Deed::Insert && *at > just).count();
        HeldTable {
            table: desk.hub.rules[self.table].name.clone(),
            deletes: count(Deed::Delete) as u64,
            updates: count(Deed::Update) as u64,
            inserts: (come(Deed::Insert) + added) as u64,
            more: self.more as u64,
            rows: rows as u64,
            ..HeldTable::default()
        }
    }

    /// `allowed`: so many changes a person has let through before they came; those do not count.
    async fn note<'c>(
        &self,
        desk: &mut Desk<'_>,
        done: impl Iterator<Item = &'c Change>,
        mut allowed: usize,
    ) -> Result<()> {
        let name = text(&desk.hub.rules[self.table].name);
        let mut now: BTreeMap<Gid, (Deed, i64)> = BTreeMap::new();
        for change in done {
            let deed = Deed::of(&change.action);
            if deed != Deed::Insert && allowed > 0 {
                allowed -= 1;
                continue;
            }
            let before = now.get(&change.gid).or_else(|| self.before.get(&change.gid)).copied();
            let noted = match before {
                // New it is only for as long as it was.
                Some((Deed::Insert, at)) if deed != Deed::Delete => (Deed::Insert, at),
                Some((before, _)) => (before.then(deed), desk.now_ms),
                None => (deed, desk.now_ms),
            };
            now.insert(change.gid, noted);
        }
        let key = |gid: &Gid| vec![site_value(self.site), name.clone(), (*gid).into()];
        let row = |(gid, (deed, at)): (&Gid, &(Deed, i64))| {
            key(gid).into_iter().chain([text(deed.word()), Value::Int(*at)]).collect::<Vec<_>>()
        };
        desk.db.remove(TOUCHED, &self.outdated.iter().map(key).collect::<Vec<_>>()).await?;
        desk.db.put(TOUCHED, &now.iter().map(row).collect::<Vec<_>>()).await
    }

    async fn save(&self, desk: &mut Desk<'_>) -> Result<()> {
        let name = desk.hub.rules[self.table].name.clone();
        self.standing.save(desk, self.site, &name).await
    }
}

impl Measure {
    /// `rows`: with those that were deleted before.
    fn is_held(&self, guard: &Guard, rows: usize) -> bool {
        guard.holds(self.alone, rows.saturating_sub(self.deleted)) || guard.holds(self.together, rows)
    }

    /// Among so many rows it is not too much.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "row counts are far below 2^52, and more than there are is as good as any number"
    )]
    fn enough(&self, guard: &Guard) -> usize {
        let of = |touched: usize| (touched as f64 / guard.share).ceil() as usize;
        of(self.alone).saturating_add(self.deleted).max(of(self.together))
    }
}

impl Standing {
    async fn load(desk: &mut Desk<'_>, with: &[(&str, Value)]) -> Result<Self> {
        let found = desk.db.find(GUARD, with).await?;
        let Some(row) = found.first() else { return Ok(Self::default()) };
        let number = |at| row.int(at).map(|number| usize::try_from(number).unwrap_or_default());
        Ok(Self {
            rows: number(2)?,
            counted_ms: row.int(3)?,
            decision: row.text_or_none(4)?.map(str::to_owned),
            coming: number(5)?,
            decided_ms: row.int(6)?,
        })
    }

    async fn save(&self, desk: &mut Desk<'_>, site: SiteId, table: &str) -> Result<()> {
        let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let row = vec![
            site_value(site),
            text(table),
            number(self.rows),
            Value::Int(self.counted_ms),
            maybe(self.decision.clone()),
            number(self.coming),
            Value::Int(self.decided_ms),
        ];
        desk.db.put(GUARD, &[row]).await
    }

    /// About how many changes it was decided so, not long ago.
    fn allowed(&self, decision: &str, now_ms: i64) -> usize {
        let holds =
            self.decision.as_deref() == Some(decision) && self.decided_ms > now_ms.saturating_sub(WINDOW_MS);
        if holds { self.coming } else { 0 }
    }
}

/// A person has decided about a batch of this site, and about the rest of it.
pub(super) async fn decide(
    desk: &mut Desk<'_>,
    site: SiteId,
    tables: &[HeldTable],
    decision: Decision,
) -> Result<()> {
    begin_anew(desk, site).await?;
    let word = match decision {
        Decision::LetThrough => LET_THROUGH,
        Decision::SendBack => SENT_BACK,
    };
    for table in tables.iter().filter(|table| !table.passes) {
        let standing = Standing {
            decision: Some(word.to_owned()),
            coming: usize::try_from(table.more).unwrap_or(usize::MAX),
            decided_ms: desk.now_ms,
            ..Standing::default()
        };
        standing.save(desk, site, &table.table).await?;
    }
    Ok(())
}

/// A person has looked at what a site deletes and changes: what came before does not count any more. What it added lately is
/// still its own.
pub(in crate::engine) async fn begin_anew(desk: &mut Desk<'_>, site: SiteId) -> Result<()> {
    for deed in [Deed::Update, Deed::Delete] {
        let done = [("site", site_value(site)), ("what", text(deed.word()))];
        desk.db.remove_with(TOUCHED, &done).await?;
    }
    desk.db.remove_with(GUARD, &[("site", site_value(site))]).await
}

/// How many living rows of a table are the region's or everybody's; not many more than `enough` are counted.
async fn living(desk: &mut Desk<'_>, device: &Device, table: TableId, enough: usize) -> Result<usize> {
    let (hub, rule) = (desk.hub, &desk.hub.rules[table]);
    let (region, through) = rule.region_columns();
    let telling: Vec<usize> = [region, through].into_iter().flatten().map(|column| column.0).collect();
    let places: Vec<usize> = std::iter::once(0).chain(telling.iter().map(|at| at + 1)).collect();
    let read = |values: &[Value]| {
        let mut cells: Cells = vec![None; rule.columns.len()];
        telling.iter().zip(&values[1..]).for_each(|(at, value)| cells[*at] = Some(value.clone()));
        cells
    };
    let (mut count, mut after) = (0, None);
    while count < enough {
        let rows = desk.db.page(&rule.name, after.as_ref(), (&places, PAGE_ROWS)).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.0[0].clone());
        let rows: Vec<Cells> = rows.iter().map(|row| read(&row.0)).collect();
        let mut view = View::new(hub, &device.region);
        let silent = rows.iter().filter(|cells| region.is_none_or(|at| is_blank(cells[at.0].as_ref())));
        let parents: Vec<_> = silent.flat_map(|cells| view.targets(table, cells)).collect();
        view.load(desk.db, parents).await?;
        count += rows.iter().filter(|cells| view.owns(table, cells)).count();
    }
    Ok(count)
}

fn site_value(site: SiteId) -> Value {
    Value::Int(i64::from(site.0))
}
