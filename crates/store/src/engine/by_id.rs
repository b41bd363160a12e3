//! Rows of a table, which ascend by id.

use std::{collections::BTreeMap, sync::Arc};

use merge::{LocalId, LocalRow, ShadowRow, TableId};

pub(super) trait HasId {
    fn id(&self) -> &LocalId;
}

impl HasId for LocalRow {
    fn id(&self) -> &LocalId {
        &self.id
    }
}

impl HasId for Arc<ShadowRow> {
    fn id(&self) -> &LocalId {
        &self.id
    }
}

/// The row that goes by this id. **Order**: `rows` ascend by id.
pub(super) fn by_id<'r, R: HasId>(rows: &'r [R], id: &LocalId) -> Option<&'r R> {
    rows.binary_search_by(|row| row.id().cmp(id)).ok().map(|at| &rows[at])
}

/// The rows of one table; none where there is no such table.
pub(super) fn rows_of<R>(tables: &BTreeMap<TableId, Vec<R>>, table: TableId) -> &[R] {
    tables.get(&table).map_or(&[][..], Vec::as_slice)
}
