//! Lines of the activity, found page by page.
//!
//! The lines stand in the order of their numbers and of their times, so a time is looked for by halving; what matches is
//! then looked for from there, so far and no further, however much there is.

use database::{Comparison, Condition};
use merge::Region;
use model::Value;

use super::entry;
use crate::{
    AuditEntry, Result, Viewer,
    meta::Meta,
    query::{Db, Row, text},
    shape::AUDIT,
};

/// Numbers that are looked through for one page: who asks for what hardly ever happens goes on from there.
const LOOKED_MAX: i64 = 300_000;
/// Numbers that are looked through at once.
const PART_MAX: i64 = 20_000;
/// Numbers among which a line is expected.
const NEAR: i64 = 64;

/// Which lines are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityAsked {
    pub who: Option<String>,
    /// One of these; empty: any.
    pub actions: Vec<String>,
    /// Lines that concern it; of what a viewer sees.
    pub region: Option<String>,
    /// From then on. **Units**: milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Before then.
    pub until_ms: Option<i64>,
    /// Only lines with lower numbers than this: what follows a page.
    pub before: Option<i64>,
    /// Only lines with higher numbers than this, the lowest of them: what precedes a page.
    pub after: Option<i64>,
    pub count: usize,
}

/// Lines that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityPage {
    /// **Order**: newest first.
    pub lines: Vec<AuditEntry>,
    /// Ask for what is before this: there is more, or it was not looked any further.
    pub older: Option<i64>,
    /// Ask for what is after this.
    pub newer: Option<i64>,
}

/// What a viewer sees: `None`: the activity is none of theirs.
pub(crate) async fn page(
    db: &mut Db,
    viewer: &Viewer,
    asked: &ActivityAsked,
) -> Result<Option<ActivityPage>> {
    if !viewer.sees_activity() {
        return Ok(None);
    }
    match (viewer.region(), &asked.region) {
        (Region::Named(own), Some(other)) if own != other => Ok(Some(ActivityPage::default())),
        (Region::Named(own), _) => {
            let asked = ActivityAsked { region: Some(own.clone()), ..asked.clone() };
            lines(db, &asked).await.map(Some)
        }
        (Region::All, _) => lines(db, asked).await.map(Some),
    }
}

/// Whoever asks.
pub(crate) async fn lines(db: &mut Db, asked: &ActivityAsked) -> Result<ActivityPage> {
    let (first, last) = span(db, asked).await?;
    let search = Search { matching: matching(asked), count: asked.count };
    match asked.after {
        Some(_) => search.up(db, (first, last)).await,
        None => search.down(db, (first, last), asked.before.is_some()).await,
    }
}

/// Numbers among which the lines are: the first and the last.
async fn span(db: &mut Db, asked: &ActivityAsked) -> Result<(i64, i64)> {
    let newest = Meta::load(db).await?.serial();
    let first = match asked.from_ms {
        Some(ms) => number_at(db, newest, ms).await?,
        None => 0,
    };
    let last = match asked.until_ms {
        Some(ms) => number_at(db, newest, ms).await?.saturating_sub(1),
        None => newest,
    };
    let first = asked.after.map_or(first, |after| after.saturating_add(1).max(first));
    Ok((first, asked.before.map_or(last, |before| before.saturating_sub(1).min(last))))
}

/// No line that is older than `ms` has this number or a higher one.
async fn number_at(db: &mut Db, newest: i64, ms: i64) -> Result<i64> {
    let (mut first, mut end) = (0, newest.saturating_add(1));
    while first < end {
        let middle = first + (end - first) / 2;
        match next_line(db, middle, end).await? {
            Some((id, at_ms)) if at_ms < ms => first = id + 1,
            _ => end = middle,
        }
    }
    Ok(first)
}

/// The first line from this number on and before `end`: its number and its time.
async fn next_line(db: &mut Db, mut from: i64, end: i64) -> Result<Option<(i64, i64)>> {
    let mut width = NEAR;
    while from < end {
        let until = from.saturating_add(width).min(end);
        let rows = db.find_between(AUDIT, &[], "id", (from - 1, until)).await?;
        let times = rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?)));
        if let Some(found) = times.collect::<Result<Vec<_>>>()?.into_iter().min() {
            return Ok(Some(found));
        }
        (from, width) = (until, width.saturating_mul(4));
    }
    Ok(None)
}

fn matching(asked: &ActivityAsked) -> Vec<Condition> {
    let is = |column: &str, value: &String| Condition::new(column, Comparison::Equal, text(value));
    let (who, region) = (asked.who.iter(), asked.region.iter());
    let mut all: Vec<_> = who.map(|who| is("who", who)).collect();
    all.extend(region.map(|region| is("region", region)));
    if !asked.actions.is_empty() {
        all.push(Condition::any_of("action", asked.actions.iter().map(text).collect()));
    }
    let time = |comparison, ms: i64| Condition::new("at", comparison, Value::Int(ms));
    all.extend(asked.from_ms.map(|ms| time(Comparison::Greater, ms.saturating_sub(1))));
    all.extend(asked.until_ms.map(|ms| time(Comparison::Less, ms)));
    all
}

struct Search {
    matching: Vec<Condition>,
    count: usize,
}

impl Search {
    /// From the last number on, down.
    async fn down(&self, db: &mut Db, (first, last): (i64, i64), has_newer: bool) -> Result<ActivityPage> {
        let floor = first.max(last.saturating_sub(LOOKED_MAX - 1));
        let (mut rows, mut end, mut width) = (Vec::new(), last.saturating_add(1), self.first_width());
        while rows.len() <= self.count && end > floor {
            let from = end.saturating_sub(width).max(floor);
            rows.append(&mut self.rows(db, (from, end)).await?);
            (end, width) = (from, width.saturating_mul(4).min(PART_MAX));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.int(0).unwrap_or_default()));
        let more = rows.len() > self.count || floor > first;
        let looked = if rows.len() > self.count { None } else { Some(floor) };
        let lines = rows.iter().take(self.count).map(entry).collect::<Result<Vec<_>>>()?;
        let oldest = looked.or(lines.last().map(|line| line.id)).filter(|_| more);
        let newer = has_newer.then_some(last);
        Ok(ActivityPage { lines, older: oldest, newer })
    }

    /// From the first number on, up: the lines next to it.
    async fn up(&self, db: &mut Db, (first, last): (i64, i64)) -> Result<ActivityPage> {
        let top = last.min(first.saturating_add(LOOKED_MAX - 1));
        let (mut rows, mut from, mut width) = (Vec::new(), first, self.first_width());
        while rows.len() <= self.count && from <= top {
            let end = from.saturating_add(width).min(top.saturating_add(1));
            rows.append(&mut self.rows(db, (from, end)).await?);
            (from, width) = (end, width.saturating_mul(4).min(PART_MAX));
        }
        rows.sort_by_key(|row| row.int(0).unwrap_or_default());
        let more = rows.len() > self.count || top < last;
        let looked = if rows.len() > self.count { None } else { Some(top) };
        let mut lines = rows.iter().take(self.count).map(entry).collect::<Result<Vec<_>>>()?;
        let newest = looked.or(lines.last().map(|line| line.id)).filter(|_| more);
        lines.reverse();
        Ok(ActivityPage { older: Some(first), newer: newest, lines })
    }

    fn first_width(&self) -> i64 {
        i64::try_from(self.count).unwrap_or(i64::MAX).saturating_mul(4).clamp(NEAR, PART_MAX)
    }

    /// What matches from a number on and before another.
    async fn rows(&self, db: &mut Db, (from, end): (i64, i64)) -> Result<Vec<Row>> {
        let mut filter = self.matching.clone();
        filter.push(Condition::new("id", Comparison::Greater, Value::Int(from - 1)));
        filter.push(Condition::new("id", Comparison::Less, Value::Int(end)));
        db.find_where(AUDIT, &filter).await
    }
}
