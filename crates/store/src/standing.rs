//! What is wrong around the rows right now: PCs that are silent, clocks, what waits for people too long, backups that fail.
//!
//! Nothing of it is stored: it is read from what the store knows anyway, at a moment that is an argument.

use std::collections::BTreeMap;

use merge::Region;

use crate::{
    ConflictState, Detail, Kind, Result, Severity, Site, Source, conflicts,
    desk::Hub,
    engine::SKEW_MAX_MS,
    facade::notices,
    lists::key,
    query::{Db, Row},
    shape::AGENTS,
    sites, tell,
};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A PC of which nothing was heard for so long may be off; for longer than [`LONG_SILENT_MS`] hardly.
const SILENT_MS: i64 = DAY_MS;
const LONG_SILENT_MS: i64 = 3 * DAY_MS;
/// A conflict is decided within a day.
const OPEN_MS: i64 = DAY_MS;
/// What happened longer ago is history.
const EVENT_MS: i64 = 30 * DAY_MS;
/// A backup that fails is told anew every day.
const BACKUP_MS: i64 = 25 * HOUR_MS;
/// The alert of which the present state is told instead.
const CLOCK: &str = "clock_skew";

/// Something that is wrong now, or was lately.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub kind: Kind,
    pub severity: Severity,
    /// `None`: the hub itself.
    pub site: Option<u32>,
    pub region: Region,
    pub at_ms: Option<i64>,
    pub detail: Detail,
    pub key: [u8; 16],
}

impl Standing {
    pub fn new(
        (kind, severity): (Kind, Severity),
        (site, region): (Option<u32>, Region),
        (at_ms, detail): (Option<i64>, Detail),
    ) -> Self {
        let about = match &region {
            Region::Named(name) if site.is_none() => name.as_bytes().to_vec(),
            _ => site.unwrap_or_default().to_le_bytes().to_vec(),
        };
        let key = key(kind, &about, &detail);
        Self { kind, severity, site, region, at_ms, detail, key }
    }

    fn of_site(site: &Site, what: (Kind, Severity), said: (Option<i64>, Detail)) -> Self {
        Self::new(what, (Some(site.id), Region::new(&site.region)), said)
    }

    pub fn is_seen(&self, by: &Region) -> bool {
        *by == Region::All || *by == self.region
    }
}

/// **Shape**: the most serious first.
pub(crate) async fn find(db: &mut Db, hub: &Hub, now_ms: i64) -> Result<Vec<Standing>> {
    let sites = sites::list(db).await?;
    let ahead = ahead(db).await?;
    let mut all: Vec<Standing> = sites.iter().filter_map(|site| silent(site, now_ms)).collect();
    all.extend(sites.iter().filter_map(|site| clock(site, *ahead.get(&site.id)?)));
    for batch in tell::held(db).await? {
        let said = (Some(batch.at_ms), Detail::Held { id: batch.id });
        if let Some(site) = sites.iter().find(|site| site.id == batch.site) {
            all.push(Standing::of_site(site, (Kind::Held, Severity::Serious), said));
        }
    }
    all.extend(old_conflicts(db, hub, now_ms).await?);
    all.extend(events(db, &sites, now_ms).await?);
    for way in notices::ways(db).await? {
        let Some((since, why)) = way.failing else { continue };
        let said = (Some(since), Detail::Notify { way: way.name, why });
        all.push(Standing::new((Kind::Notify, Severity::Warning), (None, Region::All), said));
    }
    all.extend(disk(hub));
    all.sort_by_key(|one| (std::cmp::Reverse(one.severity), one.kind, std::cmp::Reverse(one.at_ms)));
    Ok(all)
}

/// Hardly any room where the store is: neither it nor its backups can grow.
fn disk(hub: &Hub) -> Option<Standing> {
    let free_bytes = fs4::available_space(&hub.settings.data_folder).ok()?;
    let said = (None, Detail::Disk { free_bytes });
    (free_bytes < hub.settings.free_bytes_min)
        .then(|| Standing::new((Kind::Disk, Severity::Serious), (None, Region::All), said))
}

fn silent(site: &Site, now_ms: i64) -> Option<Standing> {
    if site.revoked_ms.is_some() || site.source() == Source::Import {
        return None;
    }
    let silent_ms = now_ms.saturating_sub(site.last_contact_ms.unwrap_or(site.created_ms));
    if silent_ms <= SILENT_MS {
        return None;
    }
    let severity = if silent_ms <= LONG_SILENT_MS { Severity::Warning } else { Severity::Serious };
    let since_ms = site.last_contact_ms;
    let said = (since_ms.or(Some(site.created_ms)), Detail::Silent { since_ms });
    Some(Standing::of_site(site, (Kind::Silent, severity), said))
}

/// How far the clocks of agents run before ours, as they last said.
async fn ahead(db: &mut Db) -> Result<BTreeMap<u32, (i64, i64)>> {
    let read = |row: Row| Ok((tell::site(&row, 0)?, (row.int_or_none(1)?, row.int_or_none(2)?)));
    let rows = db.each(AGENTS, (&[], None), &[0, 8, 10], read).await?;
    let said = rows.into_iter().filter_map(|(site, (ahead, at))| Some((site, (ahead?, at?))));
    Ok(said.collect())
}

fn clock(site: &Site, (ahead_ms, at_ms): (i64, i64)) -> Option<Standing> {
    let is_wrong = ahead_ms.saturating_abs() > SKEW_MAX_MS && site.revoked_ms.is_none();
    let said = (Some(at_ms), Detail::Clock { ahead_ms });
    is_wrong.then(|| Standing::of_site(site, (Kind::Clock, Severity::Warning), said))
}

/// Of each region how many conflicts nobody has decided for too long, and since when the oldest waits.
async fn old_conflicts(db: &mut Db, hub: &Hub, now_ms: i64) -> Result<Vec<Standing>> {
    let states = [ConflictState::New, ConflictState::Seen];
    let all = conflicts::glances(db, (hub, &Region::All), &states).await?;
    let regions: std::collections::BTreeSet<Option<String>> =
        all.into_iter().filter(|one| is_old(one.at_ms, now_ms)).map(|one| one.region).collect();
    let mut told = Vec::new();
    for region in regions {
        let of = region.as_ref().map_or(Region::All, |name| Region::Named(name.clone()));
        // As its own people count them.
        let mut old = conflicts::glances(db, (hub, &of), &states).await?;
        old.retain(|one| one.region == region && is_old(one.at_ms, now_ms));
        if let Some(oldest) = old.iter().map(|one| one.at_ms).min() {
            let said = (Some(oldest), Detail::Conflicts { count: old.len() });
            told.push(Standing::new((Kind::Conflicts, Severity::Warning), (None, of), said));
        }
    }
    Ok(told)
}

fn is_old(at_ms: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(at_ms) > OPEN_MS
}

/// Alerts of lately: of what happened several times the last.
async fn events(db: &mut Db, sites: &[Site], now_ms: i64) -> Result<Vec<Standing>> {
    let mut last: BTreeMap<(u32, String, String), (i64, u64)> = BTreeMap::new();
    // What is longer ago than any of them lasts is not even read.
    let since_ms = now_ms.saturating_sub(EVENT_MS.max(BACKUP_MS));
    let alerts = tell::alerts_since(db, since_ms).await?.into_iter();
    for alert in alerts.filter(|alert| alert.kind != CLOCK) {
        let lasts = if is_of_hub(&alert.kind) { BACKUP_MS } else { EVENT_MS };
        if now_ms.saturating_sub(alert.at_ms) <= lasts {
            last.entry((alert.site, alert.kind, alert.what)).or_insert((alert.at_ms, alert.rows));
        }
    }
    let told = last.into_iter().map(|((site, word, what), (at_ms, rows))| {
        let (kind, severity) = match word.as_str() {
            word if is_of_hub(word) => (Kind::Backup, Severity::Serious),
            "region" => (Kind::Refused, Severity::Serious),
            _ => (Kind::Sent, Severity::Warning),
        };
        let said = (Some(at_ms), Detail::Event { word, what, rows });
        match sites.iter().find(|one| one.id == site) {
            Some(site) => Standing::of_site(site, (kind, severity), said),
            None => Standing::new((kind, severity), (None, Region::All), said),
        }
    });
    Ok(told.collect())
}

/// Whether an alert is about the hub itself.
fn is_of_hub(word: &str) -> bool {
    word.starts_with("backup_") || word.starts_with("drill_")
}
