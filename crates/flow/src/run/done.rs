//! Telling the source that its rows have arrived.

use std::collections::HashSet;

use database::{Begin, ColumnRead, ColumnRef, Read, Relation, Session, Write};
use model::{Batch, Cell, Coercion, DataType, Key, Misfit, Table, TableRef, Value};

use super::job::Job;
use crate::{
    definition::Done,
    error::{Error, Result},
};

impl Job<'_> {
    /// Tells the source that these rows have arrived. It happens after the commit; rows that a crash kept from being told
    /// are read again next time, found equal, and told then.
    pub(super) async fn mark_done(
        &self,
        done: &Done,
        source: &mut dyn Session,
        arrived: Vec<Key>,
    ) -> Result<()> {
        if arrived.is_empty() {
            return Ok(());
        }
        let fail = Error::database(&self.flow.source.database);
        let table = source.table(&TableRef::new(&done.table)).await.map_err(&fail)?;
        let names: Vec<&String> = [&done.key].into_iter().chain(done.set.keys()).collect();
        let missing = |name: &&&String| table.column(name).is_none();
        if let Some(name) = names.iter().find(missing) {
            return Err(Error::NoColumn {
                table: done.table.clone(),
                column: (*name).clone(),
                nearest: None,
            });
        }
        let types: Vec<_> = names
            .iter()
            .filter_map(|name| table.column(name))
            .map(|column| column.data_type.clone())
            .collect();
        let rules = Coercion { zone: self.zone, null_texts: &[] };
        let fit = |(at, value): (usize, Value)| {
            let told =
                |misfit: Misfit| Error::BadConstant { column: names[at].clone(), reason: misfit.to_string() };
            model::coerce(value, &types[at], rules).map_err(told)
        };
        let mut batch = Batch::new(&types);
        for key in arrived {
            let row = key.0.into_iter().take(1).chain(done.set.values().map(crate::bind::value_of));
            let row: Vec<Value> = row.enumerate().map(fit).collect::<Result<_>>()?;
            batch.push_row(row.iter().map(Cell::from));
        }
        let columns: Vec<ColumnRef> = names.into_iter().map(ColumnRef::named).collect();
        let write = Write { table: &table, columns: &columns, key: &[0], insert_only: &[] };
        source.begin(Begin::Own).await.map_err(&fail)?;
        // A row that its program has removed meanwhile must not come back.
        let there = self.keys_of(&table, &columns[0], &types[0], source).await?;
        let mut known = Batch::new(&types);
        (0..batch.rows())
            .filter(|at| there.contains(&batch.columns[0].value(*at)))
            .for_each(|at| known.push_from(&batch, at));
        source.upsert(&write, &known).await.map_err(&fail)?;
        source.commit().await.map_err(&fail)
    }

    async fn keys_of(
        &self,
        table: &Table,
        key: &ColumnRef,
        wanted: &DataType,
        source: &mut dyn Session,
    ) -> Result<HashSet<Value>> {
        let from = Relation::Table(table.name.clone());
        let reads = [ColumnRead::new(key.clone(), wanted.clone())];
        let read = Read::whole(&from, &reads, self.zone);
        let page = source.read(&read).await.map_err(Error::database(&self.flow.source.database))?;
        Ok((0..page.batch.rows()).map(|at| page.batch.columns[0].value(at)).collect())
    }
}
