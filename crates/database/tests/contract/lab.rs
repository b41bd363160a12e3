//! What every case works with: a database of its own, a session on it, and another program that uses it too.

use std::{io::Write as _, sync::Arc};

use database::{
    Applied, Begin, ColumnRead, ColumnRef, Condition, Error, Read, Relation, Result, Session, Write,
};
use model::{Batch, ColumnDef, DataType, ErrorKind, Key, Page, Table, TableRef, Value, Zone};

use crate::{
    engine::{Engine, Foreign},
    rows::{self, Row},
};

/// One database and everybody who uses it.
pub struct Lab {
    pub session: Box<dyn Session>,
    /// A connection of a program that knows nothing of denk.
    pub foreign: Box<dyn Foreign>,
    pub zone: Zone,
    /// Last, so that the database goes when nobody uses it any more.
    pub engine: Arc<dyn Engine>,
}

/// A table made through the contract, and what it was asked to hold.
#[derive(Clone)]
pub struct Made {
    /// As [`Session::table`] tells it.
    pub table: Table,
    pub relation: Relation,
    pub refs: Vec<ColumnRef>,
    /// The types that were asked for: what cases speak in, whatever the database made of them.
    pub types: Vec<DataType>,
    pub key: Vec<usize>,
}

/// Which rows [`Lab::page`] reads.
#[derive(Default)]
pub struct Part<'a> {
    pub after: Option<&'a Key>,
    pub up_to: Option<&'a Key>,
    pub rows: Option<usize>,
    pub bytes: Option<usize>,
    pub filter: &'a [Condition],
}

/// Runs one case in a runtime of its own; says loudly when the engine is not there.
pub fn run<E: Engine>(case: impl AsyncFnOnce(&mut Lab)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        if let Some(engine) = E::start().await {
            let mut lab = Lab::open(engine).await;
            case(&mut lab).await;
        }
    });
}

/// Says how many cases an engine's module has. None is a failure: a suite that is empty proves nothing.
///
/// The line goes to standard error itself: test runners keep back what passing tests print.
pub fn report<E: Engine>(cases: &[&str]) {
    assert!(!cases.is_empty());
    let line = format!(
        "connector contract: {} cases for {}\n",
        cases.len(),
        std::any::type_name::<E>().rsplit(':').next().unwrap()
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

impl Lab {
    pub async fn open(engine: Arc<dyn Engine>) -> Self {
        let foreign = engine.connect().await;
        let session = database::open(&engine.address()).await.unwrap();
        Self { session, foreign, zone: Zone::named("Europe/Istanbul").unwrap(), engine }
    }

    /// A second session on the same database.
    pub async fn another(&self) -> Box<dyn Session> {
        database::open(&self.engine.address()).await.unwrap()
    }

    /// Runs a statement as another program would.
    pub async fn execute(&mut self, sql: &str) {
        if let Err(error) = self.foreign.try_execute(sql).await {
            panic!("{error}\nin {sql}");
        }
    }

    /// Runs the statements of a script, which lines with `go` separate.
    pub async fn run_script(&mut self, script: &str) {
        for statement in script.split("\ngo\n") {
            self.execute(statement).await;
        }
    }

    /// The only cell of a query's only row, as the database writes it.
    pub async fn ask(&mut self, sql: &str) -> String {
        let rows = self.foreign.query_text(sql).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0][0].clone().unwrap_or_else(|| "NULL".to_owned())
    }

    /// How many rows another program sees in a table.
    pub async fn count(&mut self, table: &str) -> u64 {
        self.ask(&format!("select count(*) from {}", quoted(table))).await.parse().unwrap()
    }

    /// Makes a table that holds `columns` faithfully, with the columns `key` as primary key.
    pub async fn make(&mut self, name: &str, columns: &[(&str, DataType)], key: &[&str]) -> Made {
        let defined = columns
            .iter()
            .map(|(column, data_type)| {
                let plain = ColumnDef::new(*column, data_type.clone());
                self.session.faithful(&if key.contains(column) { plain.not_null() } else { plain }).unwrap()
            })
            .collect();
        self.create(name, defined, key).await;
        let types = columns.iter().map(|(_, data_type)| data_type.clone()).collect();
        self.made(name, types, key).await
    }

    pub async fn create(&mut self, name: &str, columns: Vec<ColumnDef>, key: &[&str]) {
        self.session.create_table(&plain_table(name, columns, key)).await.unwrap();
    }

    /// The table `name` as it is, for use with values of `types`.
    pub async fn made(&mut self, name: &str, types: Vec<DataType>, key: &[&str]) -> Made {
        let table = self.session.table(&TableRef::new(name)).await.unwrap();
        assert_eq!(table.columns.len(), types.len(), "{table:?}");
        let place = |column: &&str| table.columns.iter().position(|c| c.name == **column).unwrap();
        Made {
            relation: Relation::Table(table.name.clone()),
            refs: table.columns.iter().map(|column| ColumnRef::named(&column.name)).collect(),
            key: key.iter().map(place).collect(),
            types,
            table,
        }
    }

    /// The table `name`, for use with the values that its own types hold.
    pub async fn found(&mut self, name: &str, key: &[&str]) -> Made {
        let table = self.session.table(&TableRef::new(name)).await.unwrap();
        let types = table.columns.iter().map(|column| column.data_type.clone()).collect();
        self.made(name, types, key).await
    }

    pub async fn insert(&mut self, made: &Made, rows: &[Row]) -> Result<u64> {
        self.session.insert(&made.write(), &made.batch(rows)).await
    }

    pub async fn upsert(&mut self, made: &Made, rows: &[Row]) -> Result<Applied> {
        self.session.upsert(&made.write(), &made.batch(rows)).await
    }

    pub async fn delete(&mut self, made: &Made, keys: &[Row]) -> Result<u64> {
        let refs: Vec<ColumnRef> = made.key.iter().map(|at| made.refs[*at].clone()).collect();
        let places: Vec<usize> = (0..refs.len()).collect();
        let write = Write { table: &made.table, columns: &refs, key: &places, insert_only: &[] };
        self.session.delete(&write, &rows::batch(&made.key_types(), keys)).await
    }

    /// Inserts in a transaction that counts as a user's.
    pub async fn insert_as_user(&mut self, made: &Made, rows: &[Row]) {
        self.session.begin(Begin::Foreign).await.unwrap();
        self.insert(made, rows).await.unwrap();
        self.session.commit().await.unwrap();
    }

    /// Sets a savepoint, inserts, and goes back.
    pub async fn savepoint_and_back(&mut self, made: &Made, rows: &[Row]) {
        self.session.savepoint().await.unwrap();
        self.insert(made, rows).await.unwrap();
        self.session.rollback_to_savepoint().await.unwrap();
    }

    /// All rows in key order, in the types that were asked for.
    pub async fn rows(&mut self, made: &Made) -> Vec<Row> {
        self.rows_as(made, &made.types).await
    }

    pub async fn rows_as(&mut self, made: &Made, types: &[DataType]) -> Vec<Row> {
        let columns = made.columns(types);
        let page = self.read(&made.relation, &columns, &made.key, &Part::default()).await.unwrap();
        assert_eq!(page.rejected, []);
        assert_eq!(page.next, None);
        rows::of(&page.batch)
    }

    /// One page in key order, in the types that were asked for.
    pub async fn page(&mut self, made: &Made, part: &Part<'_>) -> Page {
        let columns = made.columns(&made.types);
        self.read(&made.relation, &columns, &made.key, part).await.unwrap()
    }

    pub async fn read(
        &mut self,
        from: &Relation,
        columns: &[ColumnRead],
        key: &[usize],
        part: &Part<'_>,
    ) -> Result<Page> {
        let &Part { after, up_to, rows, bytes, filter } = part;
        let read = Read { from, columns, key, filter, after, up_to, rows, bytes, zone: &self.zone };
        self.session.read(&read).await
    }
}

impl Made {
    /// A write of whole rows.
    pub fn write(&self) -> Write<'_> {
        Write { table: &self.table, columns: &self.refs, key: &self.key, insert_only: &[] }
    }

    /// Rows in the table's own types.
    pub fn batch(&self, rows: &[Row]) -> Batch {
        rows::batch(&self.native_types(), rows)
    }

    pub fn native_types(&self) -> Vec<DataType> {
        self.table.columns.iter().map(|column| column.data_type.clone()).collect()
    }

    fn key_types(&self) -> Vec<DataType> {
        self.key.iter().map(|at| self.table.columns[*at].data_type.clone()).collect()
    }

    pub fn columns(&self, types: &[DataType]) -> Vec<ColumnRead> {
        self.refs
            .iter()
            .zip(types)
            .map(|(column, wanted)| ColumnRead::new(column.clone(), wanted.clone()))
            .collect()
    }

    /// The key's columns by name.
    pub fn key_names(&self) -> Vec<String> {
        self.key.iter().map(|at| self.refs[*at].name().to_owned()).collect()
    }

    /// A journal's key in the types that were asked for.
    pub fn key_as_asked(&self, key: &Key) -> Row {
        let types = self.key.iter().map(|at| &self.types[*at]);
        key.0.iter().zip(types).map(|(value, wanted)| rows::held(value.clone(), wanted).unwrap()).collect()
    }

    pub fn key_of(&self, row: &[Value]) -> Row {
        self.key.iter().map(|at| row[*at].clone()).collect()
    }
}

pub fn plain_table(name: &str, columns: Vec<ColumnDef>, key: &[&str]) -> Table {
    Table {
        name: TableRef::new(name),
        kind: model::TableKind::Table,
        columns,
        primary_key: key.iter().map(ToString::to_string).collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    }
}

/// A name as all three databases quote it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Says that a call failed as it should.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind) -> Error {
    let error = result.expect_err("this must be refused");
    assert_eq!(error.kind, kind, "{error:?}");
    assert!(!error.what.trim().is_empty());
    error
}
