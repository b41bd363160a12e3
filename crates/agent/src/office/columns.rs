//! Columns that an update of the program brings, takes away, brings back, or makes anew.
//!
//! What the program fills them with (nothing, a default) is nobody's edit. What people type into a column that is new, or
//! was away, they type without a look at what others say there: it is told so, until everything was pulled.

use std::collections::{BTreeMap, BTreeSet};

use merge::{ColumnId, LocalId, LocalRow};
use model::{Gid, Key, Rev};

use super::{
    Office, Result,
    file::Form,
    shadow::{Known, SUSPECT},
    state::State,
};

/// Rows that are looked at in one transaction.
const PAGE_ROWS: usize = 200;

/// Which columns of a table are others than when it was last looked at.
#[derive(Debug, Default)]
struct Shift {
    /// They were not there.
    new: Vec<ColumnId>,
    /// They were of another type.
    retyped: Vec<ColumnId>,
    /// They are no longer there.
    gone: Vec<ColumnId>,
}

impl Shift {
    /// Of a file that was not met, nothing.
    fn of(state: &State, form: &Form) -> Self {
        let mut shift = Self::default();
        if state.hub.is_none() || state.shape.get(form.name()) == Some(&form.shape()) {
            return shift;
        }
        let before = state.shape.get(form.name()).map_or(&[][..], Vec::as_slice);
        for column in form.rules.column_ids() {
            let was = described_in(before, &form.rules[column].name);
            match (was, form.described(column)) {
                (None, Some(_)) => shift.new.push(column),
                (Some(_), None) => shift.gone.push(column),
                (Some(was), Some(now)) if *was != now => shift.retyped.push(column),
                _ => {}
            }
        }
        shift
    }
}

/// A column as a table's shape has it.
pub(super) fn described_in<'a>(shape: &'a [String], name: &str) -> Option<&'a String> {
    let name = name.to_lowercase();
    shape
        .iter()
        .find(|told| told.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

impl State {
    /// What the table's columns are from now on. A column that it has got is filled by the hub.
    pub(super) fn look_at_columns(&mut self, form: &Form) {
        let (is_known, cursor) = (self.hub.is_some(), self.cursor);
        let Shift { new, retyped, gone } = Shift::of(self, form);
        if !new.is_empty() || !retyped.is_empty() {
            (self.cursor, self.mark) = (0, None);
        }
        let unseen =
            new.into_iter().map(|column| (column, 0)).chain(gone.into_iter().map(|column| (column, cursor)));
        for (column, rev) in unseen {
            let of_table = self.unseen.entry(form.name().to_owned()).or_default();
            of_table.entry(form.rules[column].name.clone()).or_insert(rev);
        }
        let shape = form.shape();
        let before = self.shape.insert(form.name().to_owned(), shape.clone());
        self.doubt |= is_known && before.is_none_or(|before| before != shape);
    }

    /// A restored hub went another way after this rev.
    pub(super) fn unsee_after(&mut self, seen: i64) {
        self.unseen.values_mut().flat_map(BTreeMap::values_mut).for_each(|rev| *rev = seen.min(*rev));
    }
}

impl Office {
    /// What new columns are filled with is agreed on. That the file has them is noted only after this.
    pub(super) async fn take_fillings(&mut self) -> Result<()> {
        let state = State::read(&mut self.db).await?;
        for form in self.forms.clone().iter() {
            let shift = Shift::of(&state, form);
            if !self.db.is_whole() {
                return Ok(());
            }
            self.fill(form, &shift.new, &BTreeSet::new()).await?;
            let emptied = self.emptied(form, &shift.retyped).await?;
            if !emptied.is_empty() {
                let edited = self.edited_ids(form).await?;
                self.fill(form, &emptied, &edited).await?;
            }
        }
        Ok(())
    }

    /// Those of these columns in which nothing stands any more of what was agreed on: the program has made them anew. As long
    /// as anything does, it has kept what people wrote there.
    async fn emptied(&mut self, form: &Form, columns: &[ColumnId]) -> Result<Vec<ColumnId>> {
        let (mut kept, mut lost, mut after) = (BTreeSet::new(), BTreeSet::new(), None);
        while columns.iter().any(|column| !kept.contains(column)) {
            let (rows, next) = form.page(&mut *self.db.session, after.as_ref(), PAGE_ROWS).await?;
            let known = self.known(form, rows.rows.iter().map(|row| &row.id)).await?;
            for LocalRow { id, cells } in &rows.rows {
                let Some(known) = known.get(id) else { continue };
                for column in columns {
                    let (was, now) = (known.row.cells[column.0].as_ref(), cells[column.0].as_ref());
                    if was == now && !form.is_default(*column, was) {
                        kept.insert(*column);
                    } else if form.is_default(*column, now) {
                        lost.insert(*column);
                    }
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(lost.difference(&kept).copied().collect())
    }

    /// Rows of which somebody wrote something that was not told yet, as far as that was noted.
    async fn edited_ids(&mut self, form: &Form) -> Result<BTreeSet<LocalId>> {
        let mut edited: BTreeSet<LocalId> = self.notes().await?.ids(form.id).cloned().collect();
        for told in self.outbox().await?.into_iter().flat_map(|outbox| outbox.told) {
            if form.name().eq_ignore_ascii_case(&told.table) {
                edited.insert(told.id()?);
            }
        }
        Ok(edited)
    }

    /// In all rows but these.
    async fn fill(&mut self, form: &Form, columns: &[ColumnId], but: &BTreeSet<LocalId>) -> Result<()> {
        let mut after = None;
        while !columns.is_empty() {
            let mut state = self.begin().await?;
            let done = self.fill_some(&mut state, (form, columns, but), after.as_ref()).await;
            match self.end(done.map(|next| (state, next))).await? {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        Ok(())
    }

    async fn fill_some(
        &mut self,
        state: &mut State,
        (form, columns, but): (&Form, &[ColumnId], &BTreeSet<LocalId>),
        after: Option<&Key>,
    ) -> Result<Option<Key>> {
        let (rows, next) = form.page(&mut *self.db.session, after, PAGE_ROWS).await?;
        let mut known = self.known(form, rows.rows.iter().map(|row| &row.id)).await?;
        for row in rows.rows.iter().filter(|row| !but.contains(&row.id)) {
            let Some(known) = known.get_mut(&row.id) else { continue };
            for column in columns.iter().filter(|column| form.rules[**column].reference.is_none()) {
                let said = &row.cells[column.0];
                if form.is_default(*column, said.as_ref()) {
                    known.row.cells[column.0].clone_from(said);
                }
            }
        }
        self.remember(state, form, &known.into_values().collect::<Vec<_>>()).await?;
        Ok(next)
    }

    /// Everything was pulled: columns that are there were seen, but for rows of which something is late.
    pub(super) async fn see_columns(&mut self, state: &mut State) -> Result<()> {
        if state.unseen.is_empty() {
            return Ok(());
        }
        let late: Vec<Gid> = self.late_gids().await?.into_iter().collect();
        let spots = self.spots(late).await?;
        for (name, columns) in std::mem::take(&mut state.unseen) {
            let form = self.form_named(&name).cloned();
            let is_there = |column: &String| {
                let column =
                    |form: &Form| form.rules.column(column).filter(|column| form.present.contains(column));
                form.as_ref().and_then(column).is_some()
            };
            let (seen, away): (BTreeMap<_, _>, BTreeMap<_, _>) =
                columns.into_iter().partition(|(column, _)| is_there(column));
            if let (Some(form), Some(rev)) = (&form, seen.values().min()) {
                let ids = spots.values().filter(|spot| spot.table == form.id).map(|spot| &spot.id);
                self.lower(state, (form, Rev(*rev)), ids.cloned().collect()).await?;
            }
            if !away.is_empty() {
                state.unseen.insert(name, away);
            }
        }
        Ok(())
    }

    /// Of these rows the file did not get what came after the rev.
    async fn lower(&mut self, state: &mut State, (form, rev): (&Form, Rev), ids: Vec<LocalId>) -> Result<()> {
        let known = self.known(form, &ids).await?.into_values();
        let above = known.filter(|known| known.row.rev > rev && known.row.rev != SUSPECT);
        let lowered = above.map(|mut known: Known| {
            known.row.rev = rev;
            known
        });
        self.remember(state, form, &lowered.collect::<Vec<_>>()).await
    }
}
