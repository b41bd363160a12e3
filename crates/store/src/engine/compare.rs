//! What a file says, compared with its base.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use merge::{
    Acquaintance, Action, Cells, Change, ChangeSet, Deletes, DiffError, FileDiff, LocalId, Mint, Region,
    Rules, ShadowRow, TableId, Tally, natural_key,
};
use model::{Gid, Rev, SiteId};
use replica::{naming::Naming, office_file::OfficeFile};

use super::{
    choose::{Base, Way},
    evidence::Evidence,
    names::{self, Names},
    push::{
        self,
        strangers::{self, Hidden, Unknown},
    },
    rows,
};
use crate::{
    HeldTable, Rejected, Result,
    desk::{Desk, Hub, Made},
};

/// Everything that one file says.
pub(super) struct Said {
    pub set: ChangeSet,
    pub tallies: BTreeMap<TableId, Tally>,
    /// Identities made for new rows.
    pub new: Made,
    /// Living rows of the hub that were met, as the hub has them.
    pub met: HashMap<Gid, (Rev, Cells)>,
    /// What the changes name and the site cannot know.
    pub hidden: Hidden,
}

impl Said {
    /// Takes out what the batch was held for.
    pub fn take_back(&mut self, rules: &Rules, held: &[HeldTable]) -> Vec<Change> {
        let kept = held_for(&self.set.changes, rules, held);
        let (back, go): (Vec<Change>, Vec<Change>) =
            std::mem::take(&mut self.set.changes).into_iter().partition(|change| kept.has(change));
        self.set.changes = go;
        back
    }
}

/// What a batch was held for: changes and deletions in the held tables, deletions of rows that would take such rows along,
/// and what goes with those.
pub(super) struct HeldFor {
    tables: HashSet<TableId>,
    kept: HashSet<Gid>,
}

pub(super) fn held_for(changes: &[Change], rules: &Rules, held: &[HeldTable]) -> HeldFor {
    let held = held.iter().filter(|held| !held.passes);
    let tables: HashSet<TableId> = held.filter_map(|held| rules.table(&held.table)).collect();
    let mut kept: HashSet<Gid> = HashSet::new();
    loop {
        let before = kept.len();
        for change in changes {
            let Action::Delete { with } = &change.action else { continue };
            let stays = tables.contains(&change.table) || with.is_some_and(|parent| kept.contains(&parent));
            if stays || kept.contains(&change.gid) {
                kept.insert(change.gid);
                kept.extend(with);
            }
        }
        if kept.len() == before {
            return HeldFor { tables, kept };
        }
    }
}

impl HeldFor {
    pub fn has_table(&self, table: TableId) -> bool {
        self.tables.contains(&table)
    }

    pub fn has(&self, change: &Change) -> bool {
        match change.action {
            Action::Insert(_) => false,
            Action::Update(_) => self.tables.contains(&change.table),
            Action::Delete { .. } => self.kept.contains(&change.gid),
        }
    }
}

/// What a first contact may find, a table.
type Acquaintances = BTreeMap<TableId, Acquaintance>;

pub(super) async fn compare(
    desk: &mut Desk<'_>,
    region: &Region,
    base: &Base,
    file: &OfficeFile,
) -> std::result::Result<Said, Rejected> {
    let hub = desk.hub;
    let names = names::of(desk, (base.lineage.site, region), file).await?;
    let (known, dead) = acquaintances(desk, (base, region), (file, &names)).await?;
    let mut met = HashMap::new();
    for known in known.values() {
        let rows = known.by_id.values().chain(known.by_key.values().flatten());
        for row in rows.chain(known.named.values()).filter(|row| !dead.contains(&row.gid)) {
            met.insert(row.gid, (row.rev, row.cells.clone()));
        }
    }
    let mut mint = desk.mint(base.lineage.site);
    let (mut set, tallies) = difference(hub, &mut mint, (region, &known), base, file)?;
    let mut new = mint.made;
    if file.naming.is_some() || !names.is_empty() {
        name(desk, (base.lineage.site, region), (file.naming.as_ref(), &names), (&mut set, &new)).await?;
        // They may be in the store.
        new = Made::default();
    }
    let hidden = hidden(desk, (base.lineage.site, region), (&set.changes, &new), &names).await?;
    Ok(Said { set, tallies, new, met, hidden })
}

/// Whole files hang nothing on rows that their site was never shown, as batches do not.
async fn hidden(
    desk: &mut Desk<'_>,
    (site, region): (SiteId, &Region),
    (changes, new): (&[Change], &Made),
    names: &Names,
) -> Result<Hidden> {
    let known = changes.iter().filter(|change| !matches!(change.action, Action::Insert(_)));
    let known = known.map(|change| (change.table, change.gid));
    let named = changes.iter().flat_map(|change| strangers::named(desk, change)).chain(known);
    let named = named.filter(|(_, gid)| !new.has(*gid)).collect();
    let unknown = Unknown { missing: BTreeSet::new(), ..strangers::among(desk, region, named).await? };
    let claimed = names.claimed.iter().map(|((table, _), gid)| (*table, *gid)).collect();
    let mut mint = desk.mint(site);
    Ok(Hidden::new((&unknown, claimed), changes, || mint.gid()))
}

fn difference(
    hub: &Hub,
    mint: &mut dyn Mint,
    (region, known): (&Region, &Acquaintances),
    base: &Base,
    file: &OfficeFile,
) -> std::result::Result<(ChangeSet, BTreeMap<TableId, Tally>), DiffError> {
    let mut diff = FileDiff::new(&hub.rules, mint).of_age(base.age);
    let mut tallies = BTreeMap::new();
    for (table, id) in in_place(base, file) {
        diff.updated(table, id.clone());
    }
    for table in &hub.order.tables {
        let Some(rows) = file.merged.get(table) else { continue };
        let rows = rows.iter().cloned();
        let tally = match known.get(table) {
            Some(known) => diff.meet(*table, rows, known, region)?,
            None => go_on(&mut diff, *table, rows, base)?,
        };
        tallies.insert(*table, tally);
    }
    Ok((diff.finish(), tallies))
}

/// What the file says was updated in place, where it speaks of the row that it is compared with.
fn in_place<'a>(base: &Base, file: &'a OfficeFile) -> impl Iterator<Item = (TableId, &'a LocalId)> {
    let speaks_of = |(table, id): &&(TableId, LocalId)| {
        let (named, known) = (file.named.get(table)?, base.shadow.get(table)?);
        let name = named.binary_search_by(|row| row.id.cmp(id)).ok().map(|at| named[at].gid)?;
        let known = known.binary_search_by(|row| row.id.cmp(id)).ok().map(|at| known[at].gid)?;
        Some(name == known)
    };
    file.in_place.iter().filter(move |place| speaks_of(place) == Some(true)).map(|(table, id)| (*table, id))
}

/// Names new rows as they were called before, or as the agent of the file would name them: when it goes on, they are the
/// same ones. What hangs on a row that is another region's hangs on nothing.
async fn name(
    desk: &mut Desk<'_>,
    (site, region): (SiteId, &Region),
    (naming, names): (Option<&Naming>, &Names),
    (set, new): (&mut ChangeSet, &Made),
) -> Result<()> {
    let rules = &desk.hub.rules;
    let made = set.learned.iter().filter(|(.., gid)| new.has(*gid));
    let (mut named, mut claimed) = (Vec::new(), HashMap::new());
    for (table, id, gid) in made {
        if let Some(name) = names.claimed.get(&(*table, id.clone())) {
            claimed.insert(*gid, *name);
        } else if let Some(name) = names.of(*table, id).or_else(|| Some(naming?.gid(&rules[*table].name, id)))
        {
            named.push((*table, *gid, name));
        }
    }
    let all = named.iter().map(|(table, _, name)| (*table, *name)).collect();
    let strangers = strangers::among(desk, region, all).await?.strangers;
    set.rename(&named.into_iter().map(|(_, made, name)| (made, name)).collect());
    let taken = push::taken(desk, (site, region), (&strangers, &set.changes, &HashMap::new())).await?;
    set.rename(&taken.into_iter().map(|((_, gid), other)| (gid, other)).collect());
    let own = set.changes.iter_mut().map(|change| &mut change.gid);
    for gid in own.chain(set.learned.iter_mut().map(|(.., gid)| gid)) {
        *gid = claimed.get(gid).copied().unwrap_or(*gid);
    }
    Ok(())
}

fn go_on(
    diff: &mut FileDiff<'_>,
    table: TableId,
    rows: impl IntoIterator<Item = merge::LocalRow>,
    base: &Base,
) -> std::result::Result<Tally, DiffError> {
    let nothing = HashSet::new();
    let deletes = match &base.way {
        Way::Continue(Evidence::Absent(uncounted)) => {
            uncounted.get(&table).map_or(Deletes::Absent, Deletes::Noted)
        }
        Way::Continue(Evidence::Noted(ids)) => Deletes::Noted(ids.get(&table).unwrap_or(&nothing)),
        Way::Continue(Evidence::Never) | Way::Meet { .. } => Deletes::Never,
    };
    let shadow = base.shadow.get(&table).map_or(&[][..], Vec::as_slice);
    diff.table(table, rows, shadow.iter().map(|row| row.as_ref().clone()), deletes)
}

/// Empty unless the file is met for the first time; then one a table of the file. Beside them which of these
/// rows are dead.
async fn acquaintances(
    desk: &mut Desk<'_>,
    (base, region): (&Base, &Region),
    (file, names): (&OfficeFile, &Names),
) -> Result<(Acquaintances, HashSet<Gid>)> {
    let mut known = Acquaintances::new();
    let Way::Meet { relative, dead: gone, copy } = &base.way else { return Ok((known, HashSet::new())) };
    let (named, mut dead) = names::today(desk, names).await?;
    dead.extend(gone);
    let rules = &desk.hub.rules;
    let mut met = Vec::new();
    for (table, rows) in &file.merged {
        let keys = rows.iter().filter_map(|row| natural_key(&rules[*table], &row.cells));
        let names: BTreeSet<String> = keys.map(|key| rows::name_of(&key)).collect();
        let hub: Vec<ShadowRow> = rows::bearers(desk.db, rules, *table, names).await?;
        let theirs = relative.get(table).into_iter().flatten();
        let theirs: Vec<ShadowRow> = theirs.map(|row| row.as_ref().clone()).collect();
        met.push((*table, hub, theirs));
    }
    let strangers = strangers::met(desk, region, file, &met).await?;
    let is_known = |row: &ShadowRow| !strangers.contains(&row.gid);
    for (table, mut hub, mut theirs) in met {
        hub.retain(is_known);
        theirs.retain(is_known);
        let by_name = named.get(&table).into_iter().flatten();
        let named = by_name.map(|row| (row.id.clone(), row.as_ref().clone())).collect();
        let acquaintance = Acquaintance::new(&rules[table], hub, theirs, *copy);
        known.insert(table, Acquaintance { named, ..acquaintance });
    }
    Ok((known, dead))
}
