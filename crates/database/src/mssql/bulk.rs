//! The bulk load itself, and what it cannot take.

use model::{Batch, Cell};
use tiberius::{ColumnData, SqlBulkCopyOptions, TokenRow};

use super::{
    compare::Parameters,
    connect::{Wire, rows as query},
    encode::{Target, encode},
    error::unexpected,
    types::NativeType,
    write::staged_name,
};
use crate::{
    Result,
    sql::{Slot, render},
};

/// Bytes of a cell that the driver takes in a bulk load, though `max` columns hold more: it knows only the two bytes of
/// their announced length.
const CELL_MAX: usize = 65_000;

/// Where a bulk load goes.
pub(super) struct Load<'a> {
    pub table: &'a str,
    pub columns: Vec<&'a str>,
    pub options: SqlBulkCopyOptions,
    pub targets: Vec<Target>,
}

impl Load<'_> {
    /// Sends all rows but those at `without` (ascending). They were checked before, so that the driver has nothing left
    /// to refuse half way.
    pub(super) async fn send(&self, wire: &mut Wire, rows: &Batch, without: &[usize]) -> Result<u64> {
        let mut request = wire.bulk_insert_with_options(self.table, &self.columns, self.options, &[]).await?;
        let mut refused = None;
        for at in (0..rows.rows()).filter(|at| without.binary_search(at).is_err()) {
            let mut row = TokenRow::with_capacity(self.targets.len());
            for (column, target) in rows.columns.iter().zip(&self.targets) {
                let data = encode(column.cell(at), *target);
                row.push(data.map_err(|_| unexpected("a value changed between two looks at it"))?);
            }
            if let Err(error) = request.send(row).await {
                refused = Some(error);
                break;
            }
        }
        let sent = request.finalize().await;
        match refused {
            Some(error) => Err(error.into()),
            None => Ok(sent?.total()),
        }
    }
}

/// Rows with a cell that a bulk load does not take.
pub(super) fn large_rows(rows: &Batch) -> Vec<usize> {
    let large = |cell| match cell {
        Cell::Text(text) | Cell::Json(text) => text.len() * 2 > CELL_MAX,
        Cell::Bytes(bytes) => bytes.len() > CELL_MAX,
        _ => false,
    };
    (0..rows.rows()).filter(|at| rows.columns.iter().any(|column| large(column.cell(*at)))).collect()
}

/// Adds one such row to the stage, by parameters.
pub(super) async fn add_large(
    wire: &mut Wire,
    natives: &[NativeType],
    rows: &Batch,
    row: usize,
) -> Result<()> {
    let mut parameters = Parameters::default();
    let values = rows.columns.iter().zip(natives).map(|(column, native)| match column.cell(row) {
        Cell::Null => Slot::fixed("null"),
        cell => parameters.add(&cell.to_value(), *native),
    });
    let values = Slot::join(values.collect::<Vec<_>>(), ", ");
    let columns = Slot::join((0..natives.len()).map(staged_name), ", ");
    let sql = render(include_str!("sql/stage_row.sql"), &[("columns", columns), ("values", values)]);
    let parameters: Vec<ColumnData<'_>> = parameters.0;
    query(wire, &sql, &parameters).await.map(|_| ())
}
