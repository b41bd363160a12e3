//! What the office's own settings say, of those that the hub is told: it plans hours by them and heads reports with them.

use std::collections::BTreeMap;

use database::{ColumnRead, ColumnRef, Read, Relation};
use merge::{Cells, TableRules};
use model::{DataType, ErrorKind, TableRef};
use replica::office_file;

use super::{Office, Result};

impl Office {
    /// `None`: the file has no table of them, or one of another shape.
    ///
    /// # Errors
    /// What the database says.
    pub async fn told(&mut self) -> Result<Option<BTreeMap<String, String>>> {
        let mut all = None;
        for (_, rules) in self.rules.clone().tables().filter(|(_, rules)| !rules.told.is_empty()) {
            if let Some(rows) = self.rows_of(rules).await? {
                all.get_or_insert_with(BTreeMap::new).extend(office_file::told(rules, rows));
            }
        }
        Ok(all)
    }

    async fn rows_of(&mut self, rules: &TableRules) -> Result<Option<Vec<Cells>>> {
        let columns = rules.columns.iter();
        let reads: Vec<_> =
            columns.map(|column| ColumnRead::new(ColumnRef::named(&column.name), DataType::Any)).collect();
        let from = Relation::Table(TableRef::new(&rules.name));
        let page = match self.db.session.read(&Read::whole(&from, &reads, &self.db.zone)).await {
            Err(error) if matches!(error.kind, ErrorKind::Missing | ErrorKind::Schema) => return Ok(None),
            page => page?,
        };
        let row = |at| page.batch.row(at).into_iter().map(Some).collect();
        Ok(Some((0..page.batch.rows()).map(row).collect()))
    }
}
