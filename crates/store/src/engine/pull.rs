//! What happened in a site's region, read out of the history.
//!
//! A row is told as it is now, with the last line of the history that is about it. So what a page says may be newer than
//! its place in the history, never older; and a row comes with whatever it refers to, as long as that was not told before.

mod line;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use merge::{Cells, Region, TableId};
use model::{Gid, Rev};
use replica::wire::{self, Page};

use super::agents;
use crate::{Declined, Device, Result, Since, desk::Hub, meta::Meta, query::Db, shape::LOG, tell};
use line::Line;
pub(crate) use view::View;

/// So much of the history is looked through for one page.
const WINDOWS_MAX: usize = 16;

/// At most about `limit` rows of what happened after a rev.
///
/// # Errors
/// `Behind`: the store has not got that far, or by another way.
pub(crate) async fn page(
    db: &mut Db,
    hub: &Hub,
    device: &Device,
    (since, limit): (&Since, usize),
) -> std::result::Result<Page, Declined> {
    let (head, region) = (Meta::load(db).await?.rev.0, &device.region);
    let after = since.rev.max(0);
    if after > head || (since.mark.is_some() && !bears(db, after, since.mark.as_deref()).await?) {
        let agent = agents::of(db, device.site).await?;
        return Err(Declined::Behind { number: agent.number, seen: agent.seen });
    }
    let mut limit = limit.clamp(1, wire::ROWS_MAX);
    let (rows, next) = loop {
        let (lines, next) = lines(db, hub, (after, head), limit).await?;
        let mut reading = Reading::new(hub, region, Rev(after));
        reading.read(db, &lines).await?;
        let rows = reading.rows();
        let bytes: usize = rows.iter().filter_map(|row| row.cells.as_ref()).map(wire::weight).sum();
        if bytes <= wire::PART_BYTES || limit == 1 {
            break (rows, next);
        }
        limit /= 2;
    };
    let mark = mark(db, next).await?;
    Ok(Page { after, next, mark, more: next < head, rows, clock_ms: hub.now_ms() })
}

/// Tells the history up to a rev from any other: the last change up to there, in no words. `None`: nothing happened.
///
/// Who tells a restored hub again what it lost tells it as old as it was, so histories may have the same stamps under the same
/// revs. When they were heard they do not have in common.
pub(super) async fn mark(db: &mut Db, upto: i64) -> Result<Option<String>> {
    let Some(line) = tell::last_line(db, upto).await? else { return Ok(None) };
    Ok(Some(hash(&[line.int(0)?.to_string(), line.text(4)?.to_owned(), line.int(5)?.to_string()], MARK)))
}

/// Whether the history up to a rev bears a mark.
pub(super) async fn bears(db: &mut Db, upto: i64, told: Option<&str>) -> Result<bool> {
    match (tell::last_line(db, upto).await?, told) {
        // Files hold marks of before they told when.
        (Some(line), Some(told)) if told.len() == FORMER_MARK => {
            Ok(hash(&[line.int(0)?.to_string(), line.text(4)?.to_owned()], FORMER_MARK) == told)
        }
        _ => Ok(mark(db, upto).await?.as_deref() == told),
    }
}

/// **Units**: digits.
const MARK: usize = 24;
const FORMER_MARK: usize = 16;

fn hash(of: &[String], digits: usize) -> String {
    blake3::hash(of.join(" ").as_bytes()).to_hex()[..digits].to_owned()
}

/// Lines of the history after a rev, and up to which rev they are all there. What one change did is never divided.
async fn lines(db: &mut Db, hub: &Hub, (after, head): (i64, i64), limit: usize) -> Result<(Vec<Line>, i64)> {
    let (mut lines, mut upto) = (Vec::new(), after);
    let window = i64::try_from(limit).unwrap_or(i64::MAX);
    for _ in 0..WINDOWS_MAX {
        if upto >= head || lines.len() >= limit {
            break;
        }
        let to = upto.saturating_add(window).min(head);
        let mut found = db.find_between(LOG, &[], "rev", (upto, to.saturating_add(1))).await?;
        found.sort_by_key(|row| row.int(0).unwrap_or_default());
        for row in &found {
            lines.extend(Line::read(&hub.rules, row)?);
        }
        upto = to;
    }
    if let Some(last) = lines.get(limit - 1).map(|line: &Line| line.rev) {
        lines.truncate(lines.partition_point(|line| line.rev <= last));
        upto = last.0;
    }
    Ok((lines, upto))
}

/// One page on its way.
struct Reading<'a> {
    view: View<'a>,
    region: &'a Region,
    after: Rev,
    /// What the page tells; rows that are not there for the site are told as gone.
    told: BTreeSet<(TableId, Gid)>,
}

/// Rows, and whether the site had them.
type Followers = BTreeMap<(TableId, Gid), bool>;

impl<'a> Reading<'a> {
    fn new(hub: &'a Hub, region: &'a Region, after: Rev) -> Self {
        Self { view: View::new(hub, region), region, after, told: BTreeSet::new() }
    }

    async fn read(&mut self, db: &mut Db, lines: &[Line]) -> Result<()> {
        let before = lines.iter().flat_map(|line| line.referred(self.view.rules()));
        let before: Vec<_> = before.collect();
        let own = lines.iter().map(|line| (line.table, line.gid));
        self.view.load(db, own.chain(before)).await?;
        let followers = match self.region {
            Region::All => Followers::new(),
            Region::Named(_) => self.followers(db, lines).await?,
        };
        let candidates = lines.iter().map(|line| line.gid).chain(followers.keys().map(|(_, gid)| *gid));
        self.view.look(db, candidates.collect::<Vec<_>>()).await?;
        for line in lines {
            self.line(line);
        }
        for ((table, gid), had) in followers {
            if had || self.view.is_visible(gid) {
                self.told.insert((table, gid));
            }
        }
        self.complete();
        Ok(())
    }

    fn rows(self) -> Vec<wire::Row> {
        self.view.tell(self.told)
    }

    /// Whether the site saw the row as it was before the line.
    fn had(&self, line: &Line) -> bool {
        line.before.as_ref().is_some_and(|cells| self.view.owns(line.table, cells))
    }

    fn line(&mut self, line: &Line) {
        let Some(row) = self.view.row(line.gid) else { return };
        let last = row.rev == line.rev;
        let tell = if self.view.is_visible(line.gid) {
            last
        } else if row.lives() {
            self.had(line)
        } else {
            last && (self.had(line) || self.view.owns(row.table, &row.cells))
        };
        if tell {
            self.told.insert((line.table, line.gid));
        }
    }

    /// Rows of which it depends on the rows of the lines whether, or with which references, the site sees them: those that
    /// refer to a row which changed hands, and parents that a row left.
    async fn followers(&mut self, db: &mut Db, lines: &[Line]) -> Result<Followers> {
        let mut followers = Followers::new();
        let mut moved: Vec<(Gid, bool)> = Vec::new();
        for line in lines {
            let had = self.had(line);
            if line.moved(self.view.rules()) {
                moved.push((line.gid, had));
            }
            if had {
                let left = line.left(self.view.rules()).filter(|(_, gid)| !self.view.owns_row(*gid));
                followers.extend(left.map(|left| (left, true)));
            }
        }
        while !moved.is_empty() {
            let mut next = Vec::new();
            for (of, had) in std::mem::take(&mut moved) {
                for (table, gid) in self.view.referring(db, of).await? {
                    if followers.insert((table, gid), had).is_none() {
                        next.push((gid, had));
                    }
                }
            }
            moved = next;
        }
        Ok(followers)
    }

    /// Adds what the told rows refer to and the site may not have heard of.
    fn complete(&mut self) {
        let mut open: Vec<Gid> = self.told.iter().map(|(_, gid)| *gid).collect();
        while let Some(gid) = open.pop() {
            let Some(row) = self.view.row(gid) else { continue };
            let to: Vec<(TableId, Gid)> = match row.became() {
                Some(today) => vec![(row.table, today)],
                None if self.view.is_visible(gid) => self.view.targets(row.table, &row.cells).collect(),
                None => Vec::new(),
            };
            for (table, target) in to {
                let unheard = !self.view.owns_row(target)
                    || self.view.row(target).is_some_and(|row| row.rev > self.after)
                    || self.view.row(gid).is_some_and(|row| row.became().is_some());
                if unheard && self.view.is_visible(target) && self.told.insert((table, target)) {
                    open.push(target);
                }
            }
        }
    }
}

/// Which rows these cells refer to.
fn targets<'c>(
    rules: &'c merge::Rules,
    table: TableId,
    cells: &'c Cells,
) -> impl Iterator<Item = (TableId, Gid)> + 'c {
    let named = rules[table].references();
    named.filter_map(|(column, to)| Some((to.table, Gid::of(cells[column.0].as_ref()?)?)))
}
