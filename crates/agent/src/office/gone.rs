//! Rows that the office deleted: what a restored hub has lost of that is told it again.
//!
//! A row that such a hub brings is known once more, and not written into the file: so it is one that the office deleted and
//! has not told, like any other.

use std::collections::HashMap;

use database::{Comparison, Condition};
use merge::{Cells, LocalId, ShadowRow};
use model::{Gid, Value};
use replica::codec::Stored as _;

use super::{
    Office, Result,
    file::{Form, shown},
    tables::{GONE, Row, text, uuid},
};

/// So long it is known what was deleted. **Units**: days. A hub keeps its backups for a week.
const KEPT_DAYS: i64 = 30;

/// A row that the office deleted.
#[derive(Clone, Debug)]
pub(super) struct Gone {
    /// As it was; `rev`: that of its deletion, 0 where the hub does not have it.
    pub row: ShadowRow,
    /// When, since 1970.
    pub day: i64,
}

impl Office {
    pub(super) async fn put_gone(&mut self, form: &Form, rows: &[Gone]) -> Result<()> {
        let line = |Gone { row, day }: &Gone| {
            vec![
                uuid(row.gid.uuid()),
                text(form.name()),
                text(shown(&row.id)),
                Value::Int(row.rev.0.max(0)),
                Value::Int(*day),
                Value::Bytes(row.cells.encode()),
            ]
        };
        self.db.put(GONE, &rows.iter().map(line).collect::<Vec<_>>()).await?;
        Ok(())
    }

    pub(super) async fn drop_gone(&mut self, gids: impl IntoIterator<Item = Gid>) -> Result<()> {
        let keys: Vec<_> = gids.into_iter().map(|gid| vec![uuid(gid.uuid())]).collect();
        self.db.remove(GONE, &keys).await?;
        Ok(())
    }

    /// Those of these rows of which the hub does not know that they were deleted: which they were, and as what.
    pub(super) async fn gone(
        &mut self,
        gids: impl IntoIterator<Item = Gid>,
    ) -> Result<HashMap<Gid, (LocalId, Cells)>> {
        let unknown = [Condition::new("rev", Comparison::Equal, Value::Int(0))];
        let gids: Vec<Value> = gids.into_iter().map(|gid| uuid(gid.uuid())).collect();
        let mut gone = HashMap::new();
        for row in self.db.find_any(GONE, &unknown, "gid", gids).await? {
            let Some(form) = self.form_named(row.text(1)?) else { continue };
            let mut cells = Cells::decode(row.bytes(5)?)?;
            cells.resize(form.rules.columns.len(), None);
            gone.insert(row.gid(0)?, (form.id_of(row.text(2)?)?, cells));
        }
        Ok(gone)
    }

    /// The hub has them as deleted since these revs.
    pub(super) async fn hear_gone(&mut self, revs: &HashMap<Gid, i64>) -> Result<()> {
        let gids: Vec<Value> = revs.keys().map(|gid| uuid(gid.uuid())).collect();
        let known = self.db.find_any(GONE, &[], "gid", gids).await?;
        let rev = |row: &Row| Ok(revs.get(&row.gid(0)?).copied().unwrap_or(0));
        self.gone_at(known, rev).await
    }

    /// A restored hub may not know of what was deleted after this rev.
    pub(super) async fn doubt_gone(&mut self, seen: i64) -> Result<()> {
        let later = [Condition::new("rev", Comparison::Greater, Value::Int(seen))];
        let known = self.db.find(GONE, &later).await?;
        self.gone_at(known, |_| Ok(0)).await
    }

    async fn gone_at(&mut self, mut rows: Vec<Row>, rev: impl Fn(&Row) -> Result<i64>) -> Result<()> {
        for row in &mut rows {
            row.0[3] = Value::Int(rev(row)?);
        }
        self.db.put(GONE, &rows.into_iter().map(|row| row.0).collect::<Vec<_>>()).await?;
        Ok(())
    }

    pub(super) async fn forget_long_gone(&mut self, day: i64) -> Result<()> {
        let old = [Condition::new("day", Comparison::Less, Value::Int(day - KEPT_DAYS))];
        let gone = self.db.find(GONE, &old).await?;
        let gone = gone.iter().map(|row| row.gid(0)).collect::<Result<Vec<_>>>()?;
        self.drop_gone(gone).await
    }
}

/// Whether two rows say the same, as far as both say anything.
pub(super) fn is_alike(a: &Cells, b: &Cells) -> bool {
    a.iter().zip(b).all(|cells| !matches!(cells, (Some(a), Some(b)) if a != b))
}
