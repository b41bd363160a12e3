//! From rows to look at to the changes that they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use merge::{
    ChangeSet, Deletes, FileDiff, LocalId, LocalRow, Mint, OrphanRow, ShadowRow, TableId, insert_order,
};
use model::{Gid, SiteId, Stamp};

use super::{
    Error, Office, Result,
    aside::{UNREADABLE, WAITS, content},
    compare::Candidates,
    file::Form,
    shadow::{Known, SUSPECT},
    state::State,
};

/// Everything that is known of some rows before they are compared.
#[derive(Default)]
pub(super) struct Loaded {
    /// As the file has them.
    pub rows: BTreeMap<TableId, Vec<LocalRow>>,
    /// As was agreed; references as their rows go by today.
    pub known: BTreeMap<TableId, BTreeMap<LocalId, Known>>,
    /// Rows that are not compared and that others may refer to.
    pub others: Vec<(TableId, LocalId, Gid)>,
    /// Rows that the hub has lost: they go by what they went by.
    pub lost: HashMap<(TableId, LocalId), Gid>,
}

/// What is to be told, and what it makes of the file's bookkeeping.
pub(super) struct Difference {
    pub set: ChangeSet,
    /// Rows that need one that is not told.
    pub waiting: Vec<(TableId, LocalId)>,
    /// Where changed rows stand.
    pub ids: HashMap<Gid, (TableId, LocalId)>,
}

impl Office {
    pub(super) async fn load(&mut self, state: &mut State, candidates: &Candidates) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        for (table, ids) in candidates {
            let Some(form) = self.form(*table) else { continue };
            self.load_table(state, &form, ids, &mut loaded).await?;
        }
        self.load_others(&mut loaded).await?;
        Ok(loaded)
    }

    async fn load_table(
        &mut self,
        state: &mut State,
        form: &Form,
        ids: &BTreeSet<LocalId>,
        loaded: &mut Loaded,
    ) -> Result<()> {
        let all: Vec<LocalId> = ids.iter().cloned().collect();
        let found = form.by_ids(&mut *self.db.session, &all).await?;
        let mut known = self.known(form, &all).await?;
        let mut cells: Vec<_> = known.values_mut().map(|known| &mut known.row.cells).collect();
        self.refresh(form.id, &mut cells).await?;
        let aside = self.asides(form, &all).await?;
        let mut back: Vec<LocalId> = Vec::new();
        // Rows that say what they said when they were set aside, and ones that cannot be read.
        let mut still: BTreeSet<LocalId> = found.unreadable.iter().cloned().collect();
        let mut rows = Vec::new();
        for row in found.rows {
            match aside.get(&row.id) {
                Some(said) if *said == content(&row.cells) => {
                    still.insert(row.id.clone());
                    let known = known.remove(&row.id);
                    loaded.others.extend(known.map(|known| (form.id, row.id, known.row.gid)));
                    continue;
                }
                Some(_) => back.push(row.id.clone()),
                None => {}
            }
            rows.push(row);
        }
        let unreadable = found.unreadable.iter().map(|id| (id.clone(), UNREADABLE.to_owned()));
        self.set_aside(form, &unreadable.collect::<Vec<_>>()).await?;
        for id in found.unreadable {
            let known = known.remove(&id);
            loaded.others.extend(known.map(|known| (form.id, id, known.row.gid)));
        }
        let there: BTreeSet<&LocalId> = rows.iter().map(|row| &row.id).collect();
        back.extend(aside.keys().filter(|id| !there.contains(id) && !still.contains(*id)).cloned());
        let gone: Vec<_> = known
            .values()
            .filter(|known| known.row.rev == SUSPECT && !there.contains(&known.row.id))
            .map(|known| (known.row.id.clone(), known.row.gid))
            .collect();
        // Neither the file has it nor the hub.
        self.forget(state, form, &gone).await?;
        known.retain(|id, known| known.row.rev != SUSPECT || there.contains(id));
        let lost = known.iter().filter(|(_, known)| known.row.rev == SUSPECT);
        loaded.lost.extend(lost.map(|(id, known)| ((form.id, id.clone()), known.row.gid)));
        self.take_back(form, &back).await?;
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
            loaded.others.extend(there.map(|(id, known)| (table, id, known.row.gid)));
        }
        Ok(())
    }

    /// Compares; new rows get identities that follow from the file and their place in it.
    pub(super) async fn compare(&mut self, state: &mut State, loaded: &Loaded) -> Result<Difference> {
        let rules = self.rules.clone();
        let mut mint = Placeholders::default();
        let mut diff = FileDiff::new(&rules, &mut mint);
        for (table, id, gid) in &loaded.others {
            diff.know(*table, id.clone(), *gid);
        }
        for table in insert_order(&rules).tables {
            let Some(rows) = loaded.rows.get(&table) else { continue };
            let shadow = loaded.shadow(table);
            let compared = diff.table(table, rows.iter().cloned(), shadow, Deletes::Absent);
            compared.map_err(|error| Error::broken(error.to_string()))?;
        }
        let mut set = diff.finish();
        let mut names: HashMap<Gid, Gid> = HashMap::new();
        let naming = self.naming(state).await?;
        for (table, id, gid) in set.learned.iter().filter(|(.., gid)| mint.gids.contains(gid)) {
            let lost = loaded.lost.get(&(*table, id.clone())).copied();
            names.insert(*gid, lost.unwrap_or_else(|| naming.gid(&rules[*table].name, id)));
        }
        set.rename(&names);
        self.move_known(state, loaded, &set).await?;
        let waiting = set.orphans.iter().filter(|orphan| orphan.set_aside);
        let waiting = waiting.filter_map(|orphan| match &orphan.row {
            OrphanRow::Local(id) => Some((orphan.table, id.clone())),
            OrphanRow::Known(_) => None,
        });
        Ok(Difference { waiting: waiting.collect(), ids: ids(loaded, &set), set })
    }

    /// A row that got another id (a REPLACE under the same name) is known by it at once: the hub need not be told.
    async fn move_known(&mut self, state: &mut State, loaded: &Loaded, set: &ChangeSet) -> Result<()> {
        let mut moved = Vec::new();
        for (table, id, gid) in &set.learned {
            let before = loaded.known_by(*table, *gid).filter(|known| known.row.rev != SUSPECT);
            let (Some(before), Some(form)) = (before, self.form(*table)) else { continue };
            self.forget(state, &form, &[(before.row.id.clone(), *gid)]).await?;
            let row = ShadowRow { id: id.clone(), ..before.row.clone() };
            moved.push((form, Known { row, at: before.at }));
        }
        for (form, known) in moved {
            self.remember(state, &form, &[known]).await?;
        }
        Ok(())
    }

    pub(super) async fn set_waiting(&mut self, waiting: &[(TableId, LocalId)]) -> Result<()> {
        for (table, id) in waiting {
            if let Some(form) = self.form(*table) {
                self.set_aside(&form, &[(id.clone(), WAITS.to_owned())]).await?;
            }
        }
        Ok(())
    }
}

impl Loaded {
    fn has(&self, table: TableId, id: &LocalId) -> bool {
        let rows = self.rows.get(&table).map_or(&[][..], Vec::as_slice);
        rows.binary_search_by(|row| row.id.cmp(id)).is_ok() || self.knows(table, id)
    }

    fn knows(&self, table: TableId, id: &LocalId) -> bool {
        self.others.iter().any(|(of, other, _)| *of == table && other == id)
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
        self.known.get(&table)?.values().find(|known| known.row.gid == gid)
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

fn ids(loaded: &Loaded, set: &ChangeSet) -> HashMap<Gid, (TableId, LocalId)> {
    let known =
        loaded.known.iter().flat_map(|(table, known)| known.values().map(move |known| (*table, known)));
    let mut ids: HashMap<Gid, (TableId, LocalId)> =
        known.map(|(table, known)| (known.row.gid, (table, known.row.id.clone()))).collect();
    ids.extend(set.learned.iter().map(|(table, id, gid)| (*gid, (*table, id.clone()))));
    ids
}
