//! Puts what the store tells into the words of the page.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use merge::Region;
use model::SiteId;
use store::{AuditEntry, RecentChange, RegionCount, Source, Station, Status, Trend, Viewer, Waiting};

use super::{ActivityLine, ChangeLine, Figure, RegionLine, SiteLine, chart::Spark, late::is_late, trend};
use crate::{
    app::{App, moment},
    metrics::is_near,
    pages::{PageTeller, Shell, Wording, turned, whole},
    public::is_seen,
    saying::Sayer,
    words::{OverviewWords, Words},
};

const CONTENT_CHARS_MAX: usize = 160;
/// A clock may be wrong by this much.
const SKEW_MAX_MS: i64 = 5 * 60 * 1000;
const HEADQUARTERS: &str = "*";

pub(super) struct Teller<'a> {
    pub app: &'a App,
    pub pages: &'a PageTeller<'a>,
    pub viewer: &'a Viewer,
    /// Those that the viewer sees.
    pub sites: &'a [Station],
    pub today: Date,
}

impl Teller<'_> {
    fn words(&self) -> &'static Words {
        self.pages.words
    }

    fn said(&self) -> &'static OverviewWords {
        self.pages.words.overview()
    }

    fn number(&self, number: u64) -> String {
        whole(self.words().language, i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn time_or_never(&self, ms: Option<i64>) -> String {
        ms.map_or_else(|| self.words().never.to_owned(), |ms| self.pages.time(ms))
    }

    fn is_late(&self, last_ms: i64) -> bool {
        is_late(moment(last_ms).to_zoned(self.pages.zone.clone()).date(), self.today)
    }

    fn sees(&self, region: &str) -> bool {
        is_seen(self.viewer.region(), region)
    }

    /// What stands at the top.
    pub fn figures(&self, shell: &Shell, trend: &Trend, waiting: &Waiting) -> Vec<Figure> {
        let alerts = waiting.alerts;
        let (words, said) = (self.words(), self.said());
        let live = || self.sites.iter().filter(|site| is_office(site));
        let [on_line, late] = [
            live().filter(|site| self.is_on_line(site)).count(),
            live().filter(|site| self.is_site_late(site)).count(),
        ];
        let today: u64 = trend.entries.values().filter_map(|days| days.last()).sum();
        let of = |count: usize| format!("{count} / {}", live().count());
        let all = [
            (
                "conflicts",
                words.open_conflicts,
                self.number(waiting.conflicts),
                "/conflicts",
                waiting.conflicts > 0,
            ),
            ("held", words.held, self.number(waiting.held), "/held", waiting.held > 0),
            ("alerts-count", words.alerts, self.number(alerts), super::ALERTS_PATH, alerts > 0),
            ("today", said.today_entries, self.number(today), "", false),
            ("on-line", said.on_line_sites, of(on_line), "", false),
            ("late", said.late_sites, of(late), "", late > 0),
        ];
        let figure = |(id, label, number, href, is_care)| {
            let href = if shell.leads_to(href) { href } else { "" };
            Figure { id, label, number, href, is_care }
        };
        all.into_iter().map(figure).collect()
    }

    /// What is counted of each region; the other tables stand in the list of all tables.
    pub fn counted(&self) -> Vec<String> {
        self.app.store.pages().counted().map(|list| self.words().label(&list.label).to_owned()).collect()
    }

    /// Regions that have rows or PCs, of those that are seen.
    pub fn regions(&self, status: &Status, trend: &Trend) -> Vec<RegionLine> {
        let of_sites = self.sites.iter().filter(|site| is_office(site)).map(|site| site.site.region.as_str());
        let of_rows = status.regions.keys().map(String::as_str).filter(|region| self.sees(region));
        let names: BTreeSet<&str> =
            of_rows.chain(of_sites.filter(|region| *region != HEADQUARTERS)).collect();
        let most = trend.entries.values().flatten().copied().max().unwrap_or_default();
        let none = RegionCount::default();
        let line = |name: &str| self.region(name, status.regions.get(name).unwrap_or(&none), (trend, most));
        names.into_iter().map(line).collect()
    }

    fn region(&self, name: &str, count: &RegionCount, (trend, most): (&Trend, u64)) -> RegionLine {
        let none = Vec::new();
        let days = trend.entries.get(name).unwrap_or(&none);
        let shown = if name.is_empty() { self.words().no_region } else { name };
        let sites: Vec<_> =
            self.sites.iter().filter(|site| is_office(site) && site.site.region == name).collect();
        let late = sites.iter().filter(|site| self.is_site_late(site)).count();
        // Where nothing ever came it is waited for since there is a PC.
        let since = sites.iter().map(|site| site.site.created_ms).min();
        let last = count.last_entry_ms.or(since);
        RegionLine {
            is_late: !name.is_empty() && last.is_some_and(|last| self.is_late(last)),
            late_sites: if sites.is_empty() { String::new() } else { format!("{late} / {}", sites.len()) },
            ..self.line(shown, (&count.tables, count.last_entry_ms), (days, most))
        }
    }

    fn line(
        &self,
        name: &str,
        (tables, last_ms): (&BTreeMap<String, u64>, Option<i64>),
        (days, most): (&[u64], u64),
    ) -> RegionLine {
        let rows = |table: &str| self.number(tables.get(table).copied().unwrap_or_default());
        let total = self.number(days.iter().sum());
        RegionLine {
            name: name.to_owned(),
            counts: self.app.store.pages().counted().map(|list| rows(&list.name)).collect(),
            today: self.number(days.last().copied().unwrap_or_default()),
            last_entry: self.time_or_never(last_ms),
            is_late: false,
            late_sites: String::new(),
            spark: Spark::of(days, most),
            spark_said: self.said().spark.replace("{total}", &total).replace("{region}", name),
        }
    }

    /// Of the regions that are seen.
    pub fn total(&self, status: &Status, trend: &Trend) -> RegionLine {
        let mut tables = BTreeMap::new();
        let seen = || status.regions.iter().filter(|(name, _)| self.sees(name)).map(|(_, count)| count);
        for (table, rows) in seen().flat_map(|count| &count.tables) {
            *tables.entry(table.clone()).or_default() += rows;
        }
        let days = trend::sum(trend);
        let most = days.iter().copied().max().unwrap_or_default();
        let last = seen().filter_map(|count| count.last_entry_ms).max();
        self.line(self.words().total, (&tables, last), (&days, most))
    }

    pub fn tables(&self, status: &Status) -> Vec<(String, String)> {
        let mut tables = BTreeMap::new();
        if *self.viewer.region() == Region::All {
            tables.clone_from(&status.tables);
        } else {
            let seen = status.regions.iter().filter(|(name, _)| self.sees(name));
            for (table, rows) in seen.flat_map(|(_, count)| &count.tables) {
                *tables.entry(table.clone()).or_default() += rows;
            }
        }
        tables.into_iter().map(|(table, rows)| (self.pages.table(&table), self.number(rows))).collect()
    }

    fn is_on_line(&self, seen: &Station) -> bool {
        let is_near = |heard: i64| is_near(self.app.now_ms(), heard);
        self.app.streams.has(&SiteId(seen.site.id)) || heard_ms(seen).is_some_and(is_near)
    }

    fn is_site_late(&self, seen: &Station) -> bool {
        !self.is_on_line(seen) && self.is_late(heard_ms(seen).unwrap_or(seen.site.created_ms))
    }

    pub fn site(&self, seen: &Station) -> SiteLine {
        let (site, said) = (&seen.site, self.said());
        let is_on_line = is_office(seen) && self.is_on_line(seen);
        let state = match site.state() {
            "active" if is_on_line => said.on_line,
            "active" if is_office(seen) => said.silent,
            word => self.words().state(word),
        };
        let ahead_ms = seen.agent.as_ref().map(|agent| agent.ahead_ms);
        SiteLine {
            name: self.pages.site_name(site.id),
            region: self.pages.region(&site.region).to_owned(),
            state,
            is_on_line,
            is_late: is_office(seen) && self.is_site_late(seen),
            last_contact: self.time_or_never(heard_ms(seen)),
            waiting: seen.agent.as_ref().map_or_else(String::new, |agent| self.number(agent.waiting)),
            held: site.held,
            clock: ahead_ms.map(|ahead_ms| difference(said, ahead_ms)).unwrap_or_default(),
            is_skewed: ahead_ms.is_some_and(|ahead_ms| ahead_ms.saturating_abs() > SKEW_MAX_MS),
            version: seen.agent.as_ref().and_then(|agent| agent.version.clone()).unwrap_or_default(),
        }
    }

    pub fn sayer(&self) -> Sayer<'_> {
        let words = self.words();
        Sayer::new(words.language, &self.app.settings.zone, (self.pages.pages, &self.pages.sites))
    }

    pub fn change(&self, change: &RecentChange) -> ChangeLine {
        ChangeLine {
            at: self.pages.time(change.at_ms),
            site: self.pages.site_name(change.site),
            region: change.region.clone().unwrap_or_default(),
            table: self.pages.table(&change.table),
            action: self.words().action(&change.action),
            content: self.content(&change.table, change.after.as_ref().or(change.before.as_ref())),
        }
    }

    /// A row in one line: its columns that say something, without what not everybody may read.
    fn content(&self, table: &str, row: Option<&serde_json::Value>) -> String {
        let lists = self.pages.pages;
        let column = |name: &str| lists.column(table, name);
        let has_list = lists.of_name(table).is_some();
        // What a list does not name is the region, which stands beside.
        let is_hidden = |name: &str| match column(name) {
            Some(column) => column.refers() || (column.personal && !self.viewer.sees_personal()),
            None => has_list,
        };
        content(row, is_hidden, |name| {
            column(name)
                .map_or_else(|| name.to_owned(), |column| self.words().label(&column.label).to_owned())
        })
    }

    pub fn activity(&self, entry: &AuditEntry) -> ActivityLine {
        let wording = Wording { teller: self.pages, words: self.words().activity() };
        ActivityLine {
            at: self.pages.time(entry.at_ms),
            who: wording.who(&entry.who),
            action: wording.kind(entry),
            what: wording.detail(entry),
        }
    }
}

/// When anything was last heard of it.
fn heard_ms(seen: &Station) -> Option<i64> {
    seen.site.last_contact_ms.max(seen.agent.as_ref().map(|agent| agent.at_ms))
}

/// Whether anything is awaited of it.
fn is_office(seen: &Station) -> bool {
    seen.site.revoked_ms.is_none() && seen.site.source() != Source::Import
}

/// `+3 min`: the PC's clock runs before the hub's.
fn difference(said: &OverviewWords, ahead_ms: i64) -> String {
    let in_units = |unit: i64| ahead_ms.saturating_add(ahead_ms.signum() * unit / 2) / unit;
    match ahead_ms.saturating_abs() {
        0..2_000 => said.no_difference.to_owned(),
        2_000..120_000 => format!("{:+} {}", in_units(1_000), said.seconds),
        _ => format!("{:+} {}", in_units(60_000), said.minutes),
    }
}

fn content(
    row: Option<&serde_json::Value>,
    is_hidden: impl Fn(&str) -> bool,
    label: impl Fn(&str) -> String,
) -> String {
    use serde_json::Value;
    let Some(Value::Object(columns)) = row else { return String::new() };
    let said = columns.iter().filter_map(|(name, value)| match value {
        _ if is_hidden(name) => None,
        Value::Null | Value::Object(_) | Value::Array(_) => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(format!("{}: {}", label(name), turned(text).as_ref().unwrap_or(text))),
        other => Some(format!("{}: {other}", label(name))),
    });
    let line = said.collect::<Vec<_>>().join(", ");
    if line.chars().count() <= CONTENT_CHARS_MAX {
        line
    } else {
        line.chars().take(CONTENT_CHARS_MAX).chain(['…']).collect()
    }
}
