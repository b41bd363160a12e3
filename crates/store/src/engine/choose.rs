//! What a file is compared with: which lineage it goes on, or that it is met for the first time.
//!
//! A tag says it, unless the file under that tag is not the one that was last seen: restored from a copy, or copied to a
//! second PC. Such a file is still compared with the shadow of its tag, but nothing is concluded from what it lacks.

use std::collections::{BTreeMap, HashMap, HashSet};

use merge::{Cells, Kept, Kinship, LocalId, Rules, Sameness, ShadowRow, TableId, evidence, sameness};
use model::{Gid, Rev};
use replica::office_file::OfficeFile;

use super::{
    lineage::{self, Kind, Lineage, Own, Pc, Shadow},
    rows,
};
use crate::{Device, Result, desk::Desk};

/// What a file is compared with.
pub(super) struct Base {
    /// Goes on with this file.
    pub lineage: Lineage,
    pub pc: Pc,
    /// Of the lineage, before the file.
    pub shadow: Shadow,
    pub way: Way,
    pub odd: Vec<Odd>,
    /// Of the PC, before the file.
    pub last_ids: BTreeMap<TableId, i64>,
}

pub(super) enum Way {
    Continue(Evidence),
    /// First contact. `relative`: rows of the file that this may be a copy of, as the hub has them now.
    Meet {
        relative: Shadow,
        dead: HashSet<Gid>,
        copy: bool,
    },
}

/// From what it may be concluded that a row was deleted.
pub(super) enum Evidence {
    Never,
    Absent,
    Noted(HashMap<TableId, HashSet<LocalId>>),
}

/// What is odd about a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// It was changed less often than one that came before.
    Older,
    /// Ids hold something else than they did, or rows came back.
    Doubled,
    /// It bears the tag of another site's file.
    Copied,
}

/// How a file agrees with a shadow, id by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Fit {
    same: usize,
    /// Ids that hold something else, or of which one cannot be sure.
    other: usize,
    /// Rows that the shadow does not have, under ids that were given before.
    low: usize,
    /// Rows of the shadow that the file has not, under ids that it never gave: it is older than they are.
    beyond: usize,
}

pub(super) async fn choose(
    desk: &mut Desk<'_>,
    device: &Device,
    file: &OfficeFile,
    counter: i64,
) -> Result<Base> {
    let known = lineage::of_site(desk.db, device.site).await?;
    let mut chosen: Option<Compared> = None;
    for lineage in candidates(&known, file.tag.as_deref(), device.shared) {
        let compared = compare(desk, lineage, file, counter).await?;
        // What all offices share fits everywhere: the file goes on the lineage that it has most in common with.
        let better = chosen.as_ref().is_none_or(|best| compared.fit.same > best.fit.same);
        if !device.shared || compared.continues() && better {
            chosen = Some(compared);
        }
    }
    match chosen {
        Some(compared) => go_on(desk, device, file, compared).await,
        None => meet(desk, device, file, &known).await,
    }
}

/// Lineages that the file may go on, best first.
fn candidates<'a>(known: &'a [Lineage], tag: Option<&str>, shared: bool) -> Vec<&'a Lineage> {
    let own =
        known.iter().filter(|lineage| tag == Some(lineage.name.as_str()) && lineage.kind == Kind::HandedOut);
    let mut sent: Vec<_> =
        known.iter().filter(|l| l.kind == Kind::Sent && l.of_tag.as_deref() == tag).collect();
    sent.sort_by_key(|lineage| std::cmp::Reverse(lineage.number));
    let all = own.chain(sent);
    // A site with a token of its own is one PC; behind a shared key every file must first show that it fits.
    all.take(if shared { usize::MAX } else { 1 }).collect()
}

/// A lineage beside a file.
struct Compared {
    lineage: Lineage,
    shadow: Shadow,
    last_ids: BTreeMap<TableId, i64>,
    fit: Fit,
    older: bool,
}

async fn compare(
    desk: &mut Desk<'_>,
    lineage: &Lineage,
    file: &OfficeFile,
    counter: i64,
) -> Result<Compared> {
    let rules = &desk.hub.rules;
    let shadow = lineage::shadow(desk.db, rules, &lineage.name).await?;
    let last_ids = lineage::last_ids(desk.db, rules, lineage.pc).await?;
    // Not those of the PC: it may have been given higher ones in a file that never came.
    let used = lineage::last_ids(desk.db, rules, lineage.number).await?;
    let fit = fit(rules, file, &shadow, &used);
    Ok(Compared { older: counter < lineage.counter, lineage: lineage.clone(), shadow, last_ids, fit })
}

impl Compared {
    fn continues(&self) -> bool {
        let empty = self.shadow.values().all(Vec::is_empty);
        !self.older && self.fit.other == 0 && (self.fit.same > 0 || empty)
    }

    fn odd(&self) -> Option<Odd> {
        let doubled = self.fit.other > 0 || self.fit.low > 0;
        let older = self.older || self.fit.beyond > 0;
        if older { Some(Odd::Older) } else { doubled.then_some(Odd::Doubled) }
    }
}

async fn go_on(desk: &mut Desk<'_>, device: &Device, file: &OfficeFile, compared: Compared) -> Result<Base> {
    let pc = pc(desk, device, Some(compared.lineage.pc)).await?;
    let tagged = compared.lineage.kind == Kind::HandedOut;
    let odd = compared.odd().filter(|_| tagged);
    let evidence = match (device.shared, tagged && odd.is_none()) {
        (true, _) => Evidence::Never,
        (false, true) => Evidence::Absent,
        (false, false) => {
            let before = lineage::own(desk.db, &desk.hub.rules, pc.id).await?;
            Evidence::Noted(notes(&desk.hub.rules, &file.own, &before))
        }
    };
    let Compared { lineage, shadow, last_ids, .. } = compared;
    Ok(Base { lineage, pc, shadow, way: Way::Continue(evidence), odd: odd.into_iter().collect(), last_ids })
}

/// Notes of deletions that the PC's last file did not hold yet.
fn notes(rules: &Rules, file: &Own, before: &Own) -> HashMap<TableId, HashSet<LocalId>> {
    let mut deleted: HashMap<TableId, HashSet<LocalId>> = HashMap::new();
    for (table, rule) in rules.tables().filter(|(_, rule)| rule.kept == Kept::Evidence) {
        let cells = |own: &Own| own.get(&table).map(|rows| rows.cells(rule)).unwrap_or_default();
        let (now, before) = (cells(file), cells(before));
        for (table, ids) in evidence::notes(rules, rule, &now, &before).deleted {
            deleted.entry(table).or_default().extend(ids);
        }
    }
    deleted
}

async fn meet(desk: &mut Desk<'_>, device: &Device, file: &OfficeFile, known: &[Lineage]) -> Result<Base> {
    let tagged = match &file.tag {
        Some(tag) => lineage::named(desk.db, tag).await?,
        None => None,
    };
    let copied = tagged.as_ref().is_some_and(|lineage| lineage.site != device.site);
    let relative = match tagged {
        Some(lineage) => Some(lineage),
        None => relative(desk, file).await?,
    };
    let copy = relative.is_some();
    let (relative, dead) = match relative {
        Some(lineage) => {
            let shadow = lineage::shadow(desk.db, &desk.hub.rules, &lineage.name).await?;
            today(desk, shadow).await?
        }
        None => <(Shadow, HashSet<Gid>)>::default(),
    };
    let of_token = known.iter().map(|lineage| lineage.pc).max().filter(|_| !device.shared);
    let pc = pc(desk, device, of_token).await?;
    let number = desk.meta.next_serial();
    let lineage = Lineage {
        name: ["sent-", &number.to_string()].concat(),
        site: device.site,
        pc: pc.id,
        number,
        kind: Kind::Sent,
        of_tag: file.tag.clone(),
        seen: Rev(0),
        counter: 0,
        content: None,
        own: 0,
    };
    let last_ids = lineage::last_ids(desk.db, &desk.hub.rules, pc.id).await?;
    let odd = copied.then_some(Odd::Copied).into_iter().collect();
    Ok(Base { lineage, pc, shadow: Shadow::new(), way: Way::Meet { relative, dead, copy }, odd, last_ids })
}

/// The PC of this number, or a new one.
async fn pc(desk: &mut Desk<'_>, device: &Device, id: Option<i64>) -> Result<Pc> {
    let found = lineage::pcs(desk.db, device.site).await?.into_iter();
    let mut found = found.filter(|pc| id.is_none_or(|id| id == pc.id));
    // Behind a shared key a file that fits nothing is of a PC that is not known.
    let known = if id.is_none() && device.shared { None } else { found.next() };
    let new = |id| Pc { site: device.site, id, latest: None, handed: None, own: 0, contact: 0 };
    Ok(match known {
        Some(pc) => pc,
        None => new(desk.meta.next_serial()),
    })
}

/// The file that this is most likely a copy of, whoever sent it.
async fn relative(desk: &mut Desk<'_>, file: &OfficeFile) -> Result<Option<Lineage>> {
    let rules = &desk.hub.rules;
    let mut best: Option<(usize, Lineage)> = None;
    for lineage in lineage::all(desk.db).await? {
        let mut kinship = Kinship::default();
        for (table, rows) in file.merged.iter().filter(|(table, _)| stands_alone(rules, **table)) {
            let theirs = lineage::shadow_of(desk.db, rules, &lineage.name, *table).await?;
            let theirs: HashMap<LocalId, ShadowRow> =
                theirs.into_iter().map(|row| (row.id.clone(), row)).collect();
            kinship = kinship.and(Kinship::of(&rules[*table], rows, &theirs));
        }
        let better = best.as_ref().is_none_or(|(equal, _)| kinship.equal > *equal);
        if kinship.is_copy() && better {
            best = Some((kinship.equal, lineage));
        }
    }
    Ok(best.map(|(_, lineage)| lineage))
}

/// Only such tables tell [`Kinship`] anything.
fn stands_alone(rules: &Rules, table: TableId) -> bool {
    let rule = &rules[table];
    rule.natural_key.is_empty() && !rule.references().any(|(column, _)| rule[column].not_null)
}

/// The rows of a shadow as the hub has them now, and which of them are dead: a copy of what was deleted is not a new row.
async fn today(desk: &mut Desk<'_>, shadow: Shadow) -> Result<(Shadow, HashSet<Gid>)> {
    let (mut now, mut dead) = (Shadow::new(), HashSet::new());
    for (table, shadow) in shadow {
        let gids: Vec<_> = shadow.iter().map(|row| row.gid).collect();
        let found = rows::rows_of(desk.db, &desk.hub.rules, table, &gids).await?;
        dead.extend(found.iter().filter(|row| !row.lives()).map(|row| row.gid));
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.gid, row)).collect();
        let rows =
            shadow.into_iter().filter_map(|row| Some(rows::as_shadow(row.id, found.get(&row.gid)?.clone())));
        now.insert(table, rows.collect());
    }
    Ok((now, dead))
}

fn fit(rules: &Rules, file: &OfficeFile, shadow: &Shadow, last_ids: &BTreeMap<TableId, i64>) -> Fit {
    let mut fit = Fit::default();
    for (table, rows) in &file.merged {
        let rule = &rules[*table];
        let theirs = shadow.get(table).map_or(&[][..], Vec::as_slice);
        let last = last_ids.get(table).copied().unwrap_or(0);
        for row in rows {
            let Ok(at) = theirs.binary_search_by(|known| known.id.cmp(&row.id)) else {
                fit.low += usize::from(matches!(row.id, LocalId::Int(id) if id <= last));
                continue;
            };
            if equal(rule, &theirs[at].cells, &row.cells) {
                fit.same += 1;
                continue;
            }
            match sameness(rule, &alone(rule, &theirs[at].cells), &alone(rule, &row.cells)) {
                Sameness::Same => fit.same += 1,
                Sameness::Other | Sameness::Unsure => fit.other += 1,
            }
        }
        if let Some(given) = file.last_ids.get(table) {
            let newer = |known: &&ShadowRow| matches!(known.id, LocalId::Int(id) if id > *given);
            fit.beyond += theirs.iter().filter(newer).count();
        }
    }
    fit
}

/// Whether two rows say the same by themselves: then they are [`Sameness::Same`].
fn equal(rule: &merge::TableRules, theirs: &Cells, ours: &Cells) -> bool {
    let mut columns = rule.columns.iter().zip(theirs.iter().zip(ours));
    columns.all(|(column, (theirs, ours))| column.reference.is_some() || theirs == ours)
}

/// What a row says by itself: references mean nothing outside their own file.
fn alone(rules: &merge::TableRules, cells: &Cells) -> Cells {
    let mut cells = cells.clone();
    for (column, _) in rules.references() {
        cells[column.0] = None;
    }
    cells
}
