//! From rows to look at to the changes that they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use merge::{
    ChangeSet, Deletes, FileDiff, LocalId, LocalRow, Mint, OrphanRow, ShadowRow, TableId, insert_order,
};
use model::{Gid, SiteId, Stamp};

use super::{
    Error, Office, Result,
    aside::{UNREADABLE, WAITS, content},
    batch::is_still,
    compare::Candidates,
    file::{Form, shown},
    gone::Gone,
    shadow::{Known, SUSPECT},
    state::State,
};

/// Everything that is known of some rows before they are compared, and what looking at them showed.
#[derive(Default)]
pub(super) struct Loaded {
    /// As the file has them.
    pub rows: BTreeMap<TableId, Vec<LocalRow>>,
    /// As was agreed; references as their rows go by today.
    pub known: BTreeMap<TableId, BTreeMap<LocalId, Known>>,
    /// Where those stand.
    places: HashMap<(TableId, Gid), LocalId>,
    /// Rows that are not compared and that others may refer to.
    others: BTreeMap<(TableId, LocalId), Gid>,
    /// Rows that the hub has lost: they go by what they went by.
    pub lost: HashMap<(TableId, LocalId), Gid>,
    pub found: Found,
}

/// What the file's bookkeeping does not have yet.
#[derive(Default)]
pub(super) struct Found {
    /// Rows that nobody can read.
    unreadable: Vec<(TableId, LocalId)>,
    /// Rows that were set aside, and say something else now.
    back: Vec<(TableId, LocalId)>,
    /// Rows that the file does not have, nor maybe the hub: as they were.
    gone: Vec<(TableId, ShadowRow)>,
    /// Rows that the file does not have, and that the hub has not taken: should it tell of one after all, it is news.
    given_up: Vec<(TableId, LocalId, Gid)>,
}

/// What is to be told, and what it makes of the file's bookkeeping.
pub(super) struct Difference {
    pub set: ChangeSet,
    /// Rows that need one that is not told.
    pub waiting: Vec<(TableId, LocalId)>,
    /// Where changed rows stand.
    pub ids: HashMap<Gid, (TableId, LocalId)>,
    /// Rows that got another id (a REPLACE under the same name): the hub need not be told.
    moved: Vec<(TableId, LocalId, Known)>,
}

impl Office {
    /// Reads in short steps, each a transaction of its own unless one is open.
    pub(super) async fn load(&mut self, candidates: &Candidates) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        for (table, ids) in candidates {
            let Some(form) = self.form(*table) else { continue };
            self.load_table(&form, ids, &mut loaded).await?;
        }
        self.load_others(&mut loaded).await?;
        Ok(loaded)
    }

    async fn load_table(&mut self, form: &Form, ids: &BTreeSet<LocalId>, loaded: &mut Loaded) -> Result<()> {
        let all: Vec<LocalId> = ids.iter().cloned().collect();
        let found = form.by_ids(&mut *self.db.session, &all).await?;
        let mut known = self.known(form, &all).await?;
        let suspects = known.iter().filter(|(_, known)| known.row.rev == SUSPECT);
        let mut lost: BTreeMap<LocalId, Known> =
            suspects.map(|(id, known)| (id.clone(), known.clone())).collect();
        let mut cells: Vec<_> = known.values_mut().map(|known| &mut known.row.cells).collect();
        self.refresh(form.id, &mut cells).await?;
        let aside = self.asides(form, &all).await?;
        // Rows that say what they said when they were set aside, and ones that cannot be read.
        let mut still: BTreeSet<LocalId> = found.unreadable.iter().cloned().collect();
        let is_still = |row: &LocalRow| aside.get(&row.id).is_some_and(|said| *said == content(&row.cells));
        let (same, rows): (Vec<_>, Vec<_>) = found.rows.into_iter().partition(is_still);
        still.extend(same.into_iter().map(|row| row.id));
        for id in &still {
            let known = known.remove(id);
            loaded.others.extend(known.map(|known| ((form.id, id.clone()), known.row.gid)));
        }
        loaded.found.unreadable.extend(found.unreadable.into_iter().map(|id| (form.id, id)));
        let back: BTreeSet<LocalId> = aside.into_keys().filter(|id| !still.contains(id)).collect();
        let there: BTreeSet<&LocalId> = rows.iter().map(|row| &row.id).collect();
        lost.retain(|id, _| known.contains_key(id));
        for (id, lost) in lost {
            if there.contains(&id) {
                loaded.lost.insert((form.id, id), lost.row.gid);
            } else {
                known.remove(&id);
                if back.contains(&id) {
                    loaded.found.given_up.push((form.id, id, lost.row.gid));
                } else {
                    loaded.found.gone.push((form.id, lost.row));
                }
            }
        }
        loaded.found.back.extend(back.into_iter().map(|id| (form.id, id)));
        loaded.places.extend(known.iter().map(|(id, known)| ((form.id, known.row.gid), id.clone())));
        loaded.rows.insert(form.id, rows);
        loaded.known.insert(form.id, known);
        Ok(())
    }

    /// Rows that the loaded ones refer to.
    async fn load_others(&mut self, loaded: &mut Loaded) -> Result<()> {
        let mut named: Candidates = Candidates::new();
        for (table, rows) in &loaded.rows {
            for (column, to) in self.rules[*table].references() {
                let ids = rows.iter().filter_map(|row| LocalId::of(row.cells[column.0].as_ref()?));
                named.entry(to.table).or_default().extend(ids.filter(|id| !loaded.has(to.table, id)));
            }
        }
        for (table, ids) in named {
            let Some(form) = self.form(table) else { continue };
            let known = self.known(&form, &ids).await?;
            // A note can be about the row that refers, while the one that it refers to went unnoted.
            let there: BTreeSet<_> = form
                .there(&mut *self.db.session, &ids.into_iter().collect::<Vec<_>>())
                .await?
                .into_iter()
                .collect();
            let there = known.into_iter().filter(|(id, _)| there.contains(id));
            loaded.others.extend(there.map(|(id, known)| ((table, id), known.row.gid)));
        }
        Ok(())
    }

    /// Compares; new rows get identities that follow from the file and their place in it.
    pub(super) async fn compare(
        &mut self,
        state: &State,
        loaded: &Loaded,
        in_place: &[(TableId, LocalId)],
    ) -> Result<Difference> {
        let rules = self.rules.clone();
        let mut mint = Placeholders::default();
        let mut diff = FileDiff::new(&rules, &mut mint);
        for ((table, id), gid) in &loaded.others {
            diff.know(*table, id.clone(), *gid);
        }
        for (table, id) in in_place.iter().filter(|place| !loaded.found.back.contains(place)) {
            diff.updated(*table, id.clone());
        }
        for table in insert_order(&rules).tables {
            let Some(rows) = loaded.rows.get(&table) else { continue };
            let shadow = loaded.shadow(table);
            let compared = diff.table(table, rows.iter().cloned(), shadow, Deletes::Absent);
            compared.map_err(|error| Error::broken(error.to_string()))?;
        }
        let mut set = diff.finish();
        let others = self.others(loaded, in_place).await?;
        let mut names: HashMap<Gid, Gid> = HashMap::new();
        let naming = self.naming(state).await?;
        let new = || set.learned.iter().filter(|(.., gid)| mint.gids.contains(gid));
        let named = new().map(|(table, id, _)| naming.gid(&rules[*table].name, id));
        let spots = self.spots(named.collect::<Vec<_>>()).await?;
        for (table, id, gid) in new() {
            let place = (*table, id.clone());
            let lost = loaded.lost.get(&place).filter(|_| !others.contains(&place)).copied();
            let mut name = naming.gid(&rules[*table].name, id);
            if spots.get(&name).is_some_and(|spot| (spot.table, &spot.id) != (*table, id)) {
                // A copy of the file told a row of its own under this number, which has come under another one.
                name = naming.gid(&rules[*table].name, &LocalId::Text(format!("another {}", shown(id))));
            }
            names.insert(*gid, lost.unwrap_or(name));
        }
        set.rename(&names);
        let waiting = set.orphans.iter().filter(|orphan| orphan.set_aside);
        let waiting = waiting.filter_map(|orphan| match &orphan.row {
            OrphanRow::Local(id) => Some((orphan.table, id.clone())),
            OrphanRow::Known(_) => None,
        });
        let (waiting, ids, moved) = (waiting.collect(), ids(loaded, &set), moved(loaded, &set));
        Ok(Difference { waiting, ids, moved, set })
    }

    /// Rows that were not taken and are others by now than those that they were called by.
    async fn others(
        &mut self,
        loaded: &Loaded,
        in_place: &[(TableId, LocalId)],
    ) -> Result<BTreeSet<(TableId, LocalId)>> {
        let mut others = BTreeSet::new();
        for (table, id) in loaded.found.back.iter().filter(|place| loaded.lost.contains_key(place)) {
            let known = loaded.known.get(table).and_then(|known| known.get(id));
            let (Some(known), Some(row)) = (known, loaded.row(*table, id)) else { continue };
            let (mut before, place) = (known.row.cells.clone(), (*table, id.clone()));
            self.local(*table, &mut [&mut before]).await?;
            if !is_still(&self.rules[*table], (&before, &row.cells), in_place.contains(&place)) {
                others.insert(place);
            }
        }
        Ok(others)
    }

    /// Brings the bookkeeping to what was found.
    pub(super) async fn note_found(
        &mut self,
        state: &mut State,
        (found, day): (&Found, i64),
        difference: &Difference,
    ) -> Result<()> {
        let moved = &difference.moved;
        for form in self.forms.clone().iter() {
            let ids = |rows: &[(TableId, LocalId)]| {
                let of_table = rows.iter().filter(|(table, _)| *table == form.id);
                of_table.map(|(_, id)| id.clone()).collect::<Vec<_>>()
            };
            let aside = |ids: Vec<LocalId>, why: &str| {
                ids.into_iter().map(|id| (id, why.to_owned())).collect::<Vec<_>>()
            };
            self.take_back(form, &ids(&found.back)).await?;
            self.set_aside(form, &aside(ids(&found.unreadable), UNREADABLE)).await?;
            self.set_aside(form, &aside(ids(&difference.waiting), WAITS)).await?;
            // What the hub knows of them after all is told it when it brings them.
            let gone = || found.gone.iter().filter(|(table, _)| *table == form.id).map(|(_, row)| row);
            self.put_gone(form, &gone().map(|row| Gone { row: row.clone(), day }).collect::<Vec<_>>())
                .await?;
            let moved = || moved.iter().filter(|(table, ..)| *table == form.id);
            let gone = gone().map(|row| (row.id.clone(), row.gid));
            let gone = gone.chain(moved().map(|(_, id, known)| (id.clone(), known.row.gid)));
            let given_up = found.given_up.iter().filter(|(table, ..)| *table == form.id);
            let gone = gone.chain(given_up.map(|(_, id, gid)| (id.clone(), *gid)));
            self.forget(state, form, &gone.collect::<Vec<_>>()).await?;
            let moved = moved().map(|(.., known)| known.clone());
            self.remember(state, form, &moved.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}

impl Loaded {
    fn has(&self, table: TableId, id: &LocalId) -> bool {
        let rows = self.rows.get(&table).map_or(&[][..], Vec::as_slice);
        rows.binary_search_by(|row| row.id.cmp(id)).is_ok() || self.others.contains_key(&(table, id.clone()))
    }

    /// The shadow as it is compared with. What it does not know and the file leaves blank is no difference.
    fn shadow(&self, table: TableId) -> Vec<ShadowRow> {
        let known = self.known.get(&table).into_iter().flat_map(BTreeMap::values);
        let rows = self.rows.get(&table).map_or(&[][..], Vec::as_slice);
        let absorbed = known.filter(|known| known.row.rev != SUSPECT).map(|known| {
            let mut shadow = known.row.clone();
            if let Ok(at) = rows.binary_search_by(|row| row.id.cmp(&shadow.id)) {
                for (cell, said) in shadow.cells.iter_mut().zip(&rows[at].cells) {
                    if cell.is_none() && merge::is_blank(said.as_ref()) {
                        cell.clone_from(said);
                    }
                }
            }
            shadow
        });
        absorbed.collect()
    }

    pub fn known_by(&self, table: TableId, gid: Gid) -> Option<&Known> {
        self.known.get(&table)?.get(self.places.get(&(table, gid))?)
    }

    pub fn row(&self, table: TableId, id: &LocalId) -> Option<&LocalRow> {
        let rows = self.rows.get(&table)?;
        rows.binary_search_by(|row| row.id.cmp(id)).ok().map(|at| &rows[at])
    }
}

/// Identities and stamps that are replaced once it is known of which row they are.
#[derive(Default)]
struct Placeholders {
    gids: BTreeSet<Gid>,
}

impl Mint for Placeholders {
    fn gid(&mut self) -> Gid {
        let gid = Gid::new(0, self.gids.len() as u128);
        self.gids.insert(gid);
        gid
    }

    fn stamp(&mut self) -> Stamp {
        Stamp { wall_ms: 0, counter: 0, site: SiteId::HUB }
    }
}

/// Known rows that are found under other ids: which they had, and how they are known now.
fn moved(loaded: &Loaded, set: &ChangeSet) -> Vec<(TableId, LocalId, Known)> {
    let moved = set.learned.iter().filter_map(|(table, id, gid)| {
        let before = loaded.known_by(*table, *gid).filter(|known| known.row.rev != SUSPECT)?;
        let row = ShadowRow { id: id.clone(), ..before.row.clone() };
        Some((*table, before.row.id.clone(), Known { row, at: before.at }))
    });
    moved.collect()
}

fn ids(loaded: &Loaded, set: &ChangeSet) -> HashMap<Gid, (TableId, LocalId)> {
    let known =
        loaded.known.iter().flat_map(|(table, known)| known.values().map(move |known| (*table, known)));
    let mut ids: HashMap<Gid, (TableId, LocalId)> =
        known.map(|(table, known)| (known.row.gid, (table, known.row.id.clone()))).collect();
    ids.extend(set.learned.iter().map(|(table, id, gid)| (*gid, (*table, id.clone()))));
    ids
}
