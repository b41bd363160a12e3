//! Which words of a row this office wrote, and when: a restored hub that has lost them is told them as old as they are.
//!
//! What others wrote it is told too, without a time: whoever wrote it tells it better.

use std::collections::HashMap;

use merge::{Cells, Change};
use model::{Gid, Value};
use replica::{codec::Stored as _, wire};

use super::{
    Office, Result,
    diff::{Difference, Loaded},
    file::Form,
    shadow::{Known, SUSPECT},
    tables::{WORDS, uuid},
};

/// Of a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    /// When the office wrote what a column says; `None`: it did not. **Units**: milliseconds in the hub's time.
    pub at: Vec<Option<i64>>,
    /// As it was agreed on before the hub was restored, where that said otherwise then.
    pub was: Option<Cells>,
}

/// A row as it was agreed on with a hub that has lost it, or some of it.
pub(super) struct Former {
    pub cells: Cells,
    at: Vec<Option<i64>>,
    /// The hub has another state of the row, under which the office's words do not lie.
    pub has_other: bool,
}

impl Own {
    /// The hub says this of the row, which was agreed on as `before`: what it says otherwise the office did not write.
    pub fn follow(&mut self, before: &Cells, now: &Cells) {
        for (at, (before, now)) in self.at.iter_mut().zip(before.iter().zip(now)) {
            *at = at.filter(|_| before == now);
        }
        self.was = None;
    }
}

impl Former {
    /// When a word was written that was agreed on: 0 where that is not known. `None`: it was not agreed on.
    pub fn at(&self, column: usize, value: &Value) -> Option<i64> {
        let agreed = self.cells.get(column)?.as_ref()? == value;
        agreed.then(|| self.at.get(column).copied().flatten().unwrap_or(0))
    }
}

impl Office {
    pub(super) async fn own(&mut self, gids: impl IntoIterator<Item = Gid>) -> Result<HashMap<Gid, Own>> {
        let gids: Vec<Value> = gids.into_iter().map(|gid| uuid(gid.uuid())).collect();
        let mut own = HashMap::new();
        for row in self.db.find_any(WORDS, &[], "gid", gids).await? {
            let at = Cells::decode(row.bytes(1)?)?;
            let at = at.into_iter().map(|at| if let Some(Value::Int(at)) = at { Some(at) } else { None });
            let was = if row.0[2].is_null() { None } else { Some(Cells::decode(row.bytes(2)?)?) };
            own.insert(row.gid(0)?, Own { at: at.collect(), was });
        }
        Ok(own)
    }

    pub(super) async fn put_own(&mut self, rows: impl IntoIterator<Item = (Gid, Own)>) -> Result<()> {
        let line = |(gid, Own { at, was }): (Gid, Own)| {
            let at: Cells = at.into_iter().map(|at| at.map(Value::Int)).collect();
            let was = was.map_or(Value::Null, |was| Value::Bytes(was.encode()));
            vec![uuid(gid.uuid()), Value::Bytes(at.encode()), was]
        };
        self.db.put(WORDS, &rows.into_iter().map(line).collect::<Vec<_>>()).await?;
        Ok(())
    }

    pub(super) async fn drop_own(&mut self, gids: impl IntoIterator<Item = Gid>) -> Result<()> {
        let keys: Vec<_> = gids.into_iter().map(|gid| vec![uuid(gid.uuid())]).collect();
        self.db.remove(WORDS, &keys).await?;
        Ok(())
    }

    /// These rows were told with these words.
    pub(super) async fn own_told(&mut self, form: &Form, rows: &[Known], words: &Words) -> Result<()> {
        let mut own = self.own(rows.iter().map(|known| known.row.gid)).await?;
        for known in rows {
            let own = own.entry(known.row.gid).or_default();
            own.was = None;
            own.at.resize(form.rules.columns.len(), None);
            for (name, at) in words.0.get(&known.row.gid).into_iter().flatten() {
                if let Some(column) = form.rules.column(name) {
                    own.at[column.0] = Some(*at).filter(|at| *at > 0);
                }
            }
        }
        self.put_own(own).await
    }

    /// Rows of a difference of which a restored hub has lost something.
    pub(super) async fn former(
        &mut self,
        difference: &Difference,
        loaded: &Loaded,
    ) -> Result<HashMap<Gid, Former>> {
        let mut own = self.own(difference.set.changes.iter().map(|change| change.gid)).await?;
        let mut former = HashMap::new();
        for Change { table, gid, .. } in &difference.set.changes {
            let Own { at, was } = own.remove(gid).unwrap_or_default();
            let lost = loaded.known_by(*table, *gid).filter(|known| known.row.rev == SUSPECT);
            let (lost, has_other) = (lost.map(|known| known.row.cells.clone()), was.is_some());
            if let Some(mut cells) = was.or(lost) {
                self.refresh(*table, &mut [&mut cells]).await?;
                former.insert(*gid, Former { cells, at, has_other });
            }
        }
        Ok(former)
    }
}

/// Columns of told rows, and when they were written.
#[derive(Default)]
pub(super) struct Words(HashMap<Gid, Vec<(String, i64)>>);

impl Words {
    pub fn of(changes: &[wire::Change]) -> Self {
        let mut words = Self::default();
        for change in changes {
            let named = change.insert.iter().chain(&change.update).flat_map(|cells| cells.keys());
            let of_row = words.0.entry(change.gid()).or_default();
            of_row.extend(named.map(|name| (name.clone(), change.at.0)));
        }
        words
    }
}
