//! What becomes of rows of the hub on their way into the file.

use std::collections::{BTreeMap, HashMap, HashSet};

use merge::{Cells, LocalId, LocalRow, OnDelete, Sameness, ShadowRow, TableId};
use model::{Gid, Rev, Value};
use replica::wire::Row;

use super::{
    Office, Result,
    apply::Manner,
    file::{Form, shown},
    gone::is_alike,
    own::Own,
    shadow::{Known, SUSPECT, Spot, differs, references},
    state::State,
};

/// Rows on their way into the file, with everything that has to be known of them.
pub(super) struct Writing<'a> {
    manner: &'a Manner,
    rows: Vec<(&'a Row, Form, Cells)>,
    spots: HashMap<Gid, Spot>,
    known: HashMap<TableId, BTreeMap<LocalId, Known>>,
    /// The same, with ids in references.
    agreed: HashMap<TableId, BTreeMap<LocalId, Cells>>,
    file: HashMap<TableId, BTreeMap<LocalId, LocalRow>>,
    /// The same, as far as it says anything.
    said: HashMap<TableId, BTreeMap<LocalId, LocalRow>>,
    /// Rows that the hub had not taken.
    aside: HashSet<(TableId, LocalId)>,
    late: HashSet<Gid>,
    /// Rows that stand in the file already, and are known by their names only when the hub has answered.
    told: HashSet<Gid>,
    /// Ids that rows ask for and others have.
    taken: HashSet<(TableId, LocalId)>,
    /// Rows whose ids hold something else in the file, which was not told yet, or nothing.
    replaced: HashSet<Gid>,
    /// Rows that the office deleted, of which the hub does not know it: which they were, and as what.
    gone: HashMap<Gid, (LocalId, Cells)>,
    /// A restored hub is told again what it lost: the file had everything up to here.
    heard: i64,
    /// What the office wrote of the rows: as it was known, and as it is known from now on.
    own: HashMap<Gid, Own>,
    owned: HashMap<Gid, Own>,
}

/// What is done with a row.
enum Step {
    Write(LocalRow, Known),
    /// The file says it already.
    Know(Known),
    /// The office has deleted it, which the hub does not know yet. Whether it was as the hub has it.
    Delete(Known, bool),
    Late,
    Skip,
}

impl<'a> Writing<'a> {
    pub async fn new(
        office: &mut Office,
        state: &State,
        (rows, manner): (impl Iterator<Item = &'a Row>, &'a Manner),
    ) -> Result<Self> {
        let told = rows.filter_map(|row| {
            let form = office.form_named(&row.table)?.clone();
            let named = |name: &String| row.cells.as_ref()?.get(name).map(|cell| cell.0.clone());
            let cells: Cells = form.rules.columns.iter().map(|column| named(&column.name)).collect();
            let cells = form.fit(&cells);
            Some((row, form, cells))
        });
        let rows: Vec<_> = told.collect();
        let rules = office.rules.clone();
        let named = rows.iter().flat_map(|(row, form, cells)| {
            references(&rules, form.id, cells).into_iter().chain([Gid::from_uuid(row.gid)])
        });
        let spots = office.spots(named.collect::<Vec<_>>()).await?;
        let late = office.late_gids().await?;
        let told = office.told_new().await?;
        let gone = office.gone(rows.iter().map(|(row, ..)| Gid::from_uuid(row.gid))).await?;
        let own = office.own(spots.values().map(|spot| spot.gid).collect::<Vec<_>>()).await?;
        let (known, agreed, file, said, aside, taken, replaced, owned) = Default::default();
        let heard = state.retelling.unwrap_or(0);
        let mut writing = Self {
            manner,
            rows,
            spots,
            known,
            agreed,
            file,
            said,
            aside,
            late,
            told,
            taken,
            replaced,
            gone,
            heard,
            own,
            owned,
        };
        writing.load(office).await?;
        writing.look_at_named(office).await?;
        writing.look_for_others(office).await?;
        Ok(writing)
    }

    /// Under the id of a row that others name there may be another thing by now.
    async fn look_at_named(&mut self, office: &mut Office) -> Result<()> {
        let named = self.rows.iter().flat_map(|(_, form, cells)| references(&office.rules, form.id, cells));
        let named: HashSet<Gid> = named.collect();
        let mut ids: BTreeMap<TableId, Vec<LocalId>> = BTreeMap::new();
        for spot in named.iter().filter_map(|gid| self.spots.get(gid)) {
            ids.entry(spot.table).or_default().push(spot.id.clone());
        }
        for (table, ids) in ids {
            let Some(form) = office.form(table) else { continue };
            let mut known = office.known(&form, &ids).await?;
            office
                .local(table, &mut known.values_mut().map(|known| &mut known.row.cells).collect::<Vec<_>>())
                .await?;
            let found = form.by_ids(&mut *office.db.session, &ids).await?.rows;
            let same = |row: &LocalRow| {
                let known = known.get(&row.id)?;
                let same = merge::sameness(&form.rules, &known.row.cells, &row.cells) == Sameness::Same;
                (!differs(row, &known.row.cells) || same).then_some(known.row.gid)
            };
            let same: HashSet<Gid> = found.iter().filter_map(same).collect();
            let replaced = known.values().map(|known| known.row.gid).filter(|gid| !same.contains(gid));
            self.replaced.extend(replaced);
        }
        Ok(())
    }

    /// Under an id that a row had, or is to have, there may be another one by now.
    async fn look_for_others(&mut self, office: &mut Office) -> Result<()> {
        let mut asked: BTreeMap<TableId, Vec<LocalId>> = BTreeMap::new();
        for (row, form, cells) in &self.rows {
            let gid = Gid::from_uuid(row.gid);
            if !self.spots.contains_key(&gid) {
                asked.entry(form.id).or_default().extend(self.asked_id(form, gid, cells));
            }
        }
        for (table, ids) in asked {
            let Some(form) = office.form(table) else { continue };
            let there = form.there(&mut *office.db.session, &ids).await?;
            let known = office.known(&form, &ids).await?.into_keys();
            self.taken.extend(there.into_iter().chain(known).map(|id| (table, id)));
        }
        Ok(())
    }

    async fn load(&mut self, office: &mut Office) -> Result<()> {
        let mut ids: BTreeMap<TableId, Vec<LocalId>> = BTreeMap::new();
        for (row, form, _) in &self.rows {
            if let Some(spot) = self.spots.get(&Gid::from_uuid(row.gid)) {
                ids.entry(form.id).or_default().push(spot.id.clone());
            }
        }
        for (table, ids) in ids {
            let Some(form) = office.form(table) else { continue };
            let known = office.known(&form, &ids).await?;
            let aside = office.asides(&form, &ids).await?;
            self.aside.extend(aside.into_keys().map(|id| (table, id)));
            let mut agreed: BTreeMap<LocalId, Cells> =
                known.iter().map(|(id, known)| (id.clone(), known.row.cells.clone())).collect();
            office.local(table, &mut agreed.values_mut().collect::<Vec<_>>()).await?;
            let found = form.by_ids(&mut *office.db.session, &ids).await?;
            let mut said = found.rows.clone();
            office.unsay_gone(&form, &mut said).await?;
            let by_id = |rows: Vec<LocalRow>| rows.into_iter().map(|row| (row.id.clone(), row)).collect();
            self.file.insert(table, by_id(found.rows));
            self.said.insert(table, by_id(said));
            self.known.insert(table, known);
            self.agreed.insert(table, agreed);
        }
        Ok(())
    }

    /// Writes what can be written; how many rows.
    pub async fn run(mut self, office: &mut Office, state: &mut State, late: &mut Vec<Row>) -> Result<u64> {
        let mut written = 0;
        let rows = std::mem::take(&mut self.rows);
        for of_table in rows.chunk_by(|(_, a, _), (_, b, _)| a.id == b.id) {
            let form = &of_table[0].1;
            let mut last = None;
            let (mut write, mut known, mut came) = (Vec::new(), Vec::new(), Vec::new());
            for (row, form, cells) in of_table {
                if last.is_none() {
                    last = Some(office.last_id(state, form).await?);
                }
                match self.step(row, form, cells, &mut last) {
                    Step::Write(file, now) => {
                        came.push(now.row.gid);
                        write.push(file);
                        known.push(now);
                    }
                    Step::Know(now) => known.push(now),
                    Step::Delete(now, seen) => {
                        // It is found when everything is compared.
                        state.doubt = true;
                        known.push(now);
                        late.extend((!seen).then(|| (*row).clone()));
                    }
                    Step::Late => late.push((*row).clone()),
                    Step::Skip => {}
                }
            }
            if let Some(last) = last {
                state.last.insert(form.name().to_owned(), last);
            }
            self.free_names(office, form, &write).await?;
            let applied = form.write(&mut *office.db.session, &write).await?;
            office.drop_gone(came).await?;
            written += applied.inserted + applied.updated;
            office.remember(state, form, &known).await?;
            office.bring_back(state, form, known.iter().map(|known| &known.row.id)).await?;
            office.put_own(std::mem::take(&mut self.owned)).await?;
        }
        Ok(written)
    }

    /// Names that the file has once only and that change hands among these rows: for a moment nobody has them.
    async fn free_names(&self, office: &mut Office, form: &Form, write: &[LocalRow]) -> Result<()> {
        let file = self.file.get(&form.id);
        let mut renamed: Vec<LocalRow> = Vec::new();
        for row in write {
            let Some(mut before) = file.and_then(|file| file.get(&row.id)).cloned() else { continue };
            let mut is_renamed = false;
            for column in form.names() {
                let (was, now) = (&mut before.cells[column.0], &row.cells[column.0]);
                if was != now && matches!(was, Some(Value::Text(_))) {
                    *was = Some(Value::Text(format!("denk {} {}", form.name(), shown(&row.id))));
                    is_renamed = true;
                }
            }
            renamed.extend(is_renamed.then_some(before));
        }
        if renamed.len() > 1 {
            form.write(&mut *office.db.session, &renamed).await?;
        }
        Ok(())
    }

    fn step(&mut self, row: &Row, form: &Form, cells: &Cells, last: &mut Option<i64>) -> Step {
        let gid = Gid::from_uuid(row.gid);
        let local = self.local(form, cells);
        let shadow =
            |id: &LocalId| ShadowRow { id: id.clone(), gid, rev: Rev(row.rev), cells: cells.clone() };
        let Some(spot) = self.spots.get(&gid).cloned() else {
            // Whether or not the file has what it hangs on, which may have been deleted with it.
            let gone = self.gone.get(&gid).filter(|_| !self.manner.forced);
            if self.told.contains(&gid) || local.is_none() && gone.is_none() {
                return Step::Late;
            }
            let Some(id) = self.new_id(form, gid, cells, last) else { return Step::Late };
            let known = Known { row: shadow(&id), at: self.manner.at() };
            let local = match (gone, local) {
                (Some((_, was)), _) => return self.delete(known, was),
                (None, Some(local)) => local,
                (None, None) => return Step::Late,
            };
            self.spots.insert(gid, Spot { gid, table: form.id, id: id.clone() });
            return Step::Write(LocalRow { id, cells: local }, known);
        };
        let Some(local) = local else { return Step::Late };
        let Some(known) = self.known.get(&form.id).and_then(|known| known.get(&spot.id)) else {
            return Step::Skip;
        };
        if known.row.rev > Rev(row.rev) && !self.manner.forced {
            return Step::Skip;
        }
        let row =
            ShadowRow { gid: spot.gid, cells: form.keep_absent(cells, &known.row.cells), ..shadow(&spot.id) };
        let now = Known { row, at: known.at.max(self.manner.at()) };
        let file = self.file.get(&form.id).and_then(|file| file.get(&spot.id));
        let new = LocalRow { id: spot.id.clone(), cells: local };
        let said = self.said.get(&form.id).and_then(|said| said.get(&spot.id));
        let agreed = self.agreed.get(&form.id).and_then(|agreed| agreed.get(&spot.id));
        match (file, said.zip(agreed)) {
            // What became of it is told by the answer, which the hub's row then follows.
            _ if known.row.rev == SUSPECT && self.told.contains(&spot.gid) => Step::Late,
            // The office deleted what the hub had not taken: that it has it is news.
            (None, _) if known.row.rev == SUSPECT && self.aside.contains(&(form.id, spot.id.clone())) => {
                Step::Write(new, now)
            }
            // The hub has it, and the office has deleted it.
            (None, _) if known.row.rev == SUSPECT => self.delete(now, &known.row.cells),
            // The hub has it as it was before, or as somebody else told it since: what the file says is told again, beside
            // that.
            (Some(file), _) if known.row.rev == SUSPECT => {
                let own = self.own.get(&spot.gid);
                let own = own_beside(own, &known.row.cells, &now.row.cells, differs(file, &new.cells));
                self.owned.extend(own.map(|own| (spot.gid, own)));
                Step::Know(Known { at: known.at, ..now })
            }
            (Some(file), _) if !differs(file, &new.cells) => {
                self.owned.extend(follow(
                    self.own.get(&spot.gid),
                    &known.row.cells,
                    &now.row.cells,
                    spot.gid,
                ));
                Step::Know(now)
            }
            (Some(_), Some((said, agreed))) if !differs(said, agreed) => {
                self.owned.extend(follow(
                    self.own.get(&spot.gid),
                    &known.row.cells,
                    &now.row.cells,
                    spot.gid,
                ));
                Step::Write(new, now)
            }
            _ => Step::Late,
        }
    }

    /// `was`: as the office had it. What was done to it since, nobody there has seen: the hub decides.
    fn delete(&self, mut now: Known, was: &Cells) -> Step {
        let seen = now.row.rev.0 <= self.heard || is_alike(&now.row.cells, was);
        if !seen {
            now.row.rev = Rev(self.heard);
        }
        Step::Delete(now, seen)
    }

    /// Cells with the file's ids; `None`: they name a row that the file does not have yet.
    fn local(&self, form: &Form, cells: &Cells) -> Option<Cells> {
        for (column, to) in form.rules.references() {
            let Some(gid) = cells[column.0].as_ref().and_then(Gid::of) else { continue };
            let needed = to.on_delete == OnDelete::Cascade || form.rules[column].not_null;
            let spot = self.spots.get(&gid);
            let is_waited_for = spot.is_none() && (needed || self.late.contains(&gid));
            if is_waited_for || spot.is_some_and(|spot| self.replaced.contains(&spot.gid)) {
                return None;
            }
        }
        let mut local = cells.clone();
        for (column, _) in form.rules.references() {
            if let Some(gid) = local[column.0].as_ref().and_then(Gid::of) {
                let id = self.spots.get(&gid).map(|spot| Value::from(&spot.id));
                local[column.0] = Some(id.unwrap_or(Value::Null));
            }
        }
        Some(local)
    }

    /// The id under which it was here, or that it says itself.
    fn asked_id(&self, form: &Form, gid: Gid, cells: &Cells) -> Option<LocalId> {
        let returning = self.manner.returning.get(&gid).cloned();
        let gone = || self.gone.get(&gid).map(|(id, _)| id.clone());
        returning.or_else(gone).or_else(|| {
            let column = form.rules.column(&form.rules.key).filter(|_| form.rules.text_key)?;
            LocalId::of(cells[column.0].as_ref()?)
        })
    }

    /// The id that it asks for, or one that no row ever had; `None`: it is to have another row's.
    fn new_id(&self, form: &Form, gid: Gid, cells: &Cells, last: &mut Option<i64>) -> Option<LocalId> {
        let asked = self.asked_id(form, gid, cells);
        let free = asked.clone().filter(|id| !self.taken.contains(&(form.id, id.clone())));
        if free.is_some() {
            return free;
        }
        if form.rules.text_key {
            return asked.is_none().then(|| LocalId::Text(gid.to_string()));
        }
        let next = last.unwrap_or(0) + 1;
        *last = Some(next);
        Some(LocalId::Int(next))
    }
}

/// What the office wrote of a row that the hub says now.
fn follow(own: Option<&Own>, before: &Cells, now: &Cells, gid: Gid) -> Option<(Gid, Own)> {
    let mut own = own?.clone();
    let before = own.was.clone().unwrap_or_else(|| before.clone());
    own.follow(&before, now);
    Some((gid, own))
}

/// The same, of a row of which a restored hub may have lost something. `differs`: the file says otherwise than the hub.
fn own_beside(own: Option<&Own>, before: &Cells, now: &Cells, differs: bool) -> Option<Own> {
    let former = own.and_then(|own| own.was.as_ref()).unwrap_or(before);
    if differs && !is_alike(former, now) {
        let at = own.map(|own| own.at.clone()).unwrap_or_default();
        return Some(Own { at, was: Some(former.clone()) });
    }
    let mut own = own?.clone();
    own.follow(&former.clone(), now);
    Some(own)
}
