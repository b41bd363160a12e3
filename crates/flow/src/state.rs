//! What denk keeps in the target beside the rows, in the same transaction as the rows: how far each flow has got,
//! what is parked, and the accounts that the old programs' tables hold.

use std::time::Duration;

use database::{ColumnRead, ColumnRef, Comparison, Condition, Read, Relation, Segment, Session, Write};
use model::{
    Batch, Cell, Coercion, ColumnDef, DataType, Date, ErrorKind, Fraction, Instant, Policy, Table, TableKind,
    TableRef, TextTraits, TextUnit, Uuid, Value, Zone, policy,
};

use crate::{
    error::{Error, Result},
    report::{FlowReport, State as Outcome},
    spans,
};

const STATE: &str = "denk_state";
const PARKED: &str = "denk_parked";
const SYNC_STATE: &str = "sync_state";
const SYNC_LOGS: &str = "sync_logs";
/// How long a flow waits for another that makes these tables.
const TABLES_WAIT: Duration = Duration::from_secs(60);

/// Whether a table of this name is denk's own bookkeeping.
#[must_use]
pub fn is_own_table(name: &str) -> bool {
    [STATE, PARKED].contains(&name) || name == "denk_own" || name.starts_with("denk_journal")
}

/// How far a flow has got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Of everything besides the rows that decides what the target holds: the mapping, exclusions, the target's shape.
    pub fingerprint: String,
    /// Fingerprints of the source's rows as they were when they arrived.
    pub segments: Vec<Segment>,
    /// The day on which everything was last compared.
    pub full_on: Option<Date>,
    /// Names and native types of the source's columns.
    pub shape: Vec<(String, String)>,
    /// Keys of parked rows, as text.
    pub parked: Vec<String>,
}

/// One row that waits for a person or for what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParkedRow {
    pub key: String,
    pub column: String,
    pub reason: String,
}

/// The state tables of one target database.
#[derive(Debug)]
pub(crate) struct Store<'a> {
    pub database: &'a str,
    pub zone: &'a Zone,
    /// The moment of the run, by the database's clock.
    pub now: Instant,
}

impl Store<'_> {
    /// The cursor of `flow`, or `None` when it has none yet.
    pub(crate) async fn load(&self, session: &mut dyn Session, flow: &str) -> Result<Option<Cursor>> {
        let columns = ["fingerprint", "segments", "full_on", "shape"];
        let Some(rows) = self.rows(session, STATE, &columns, Some(("flow", flow))).await? else {
            return Ok(None);
        };
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |value: &Value| value.to_string();
        let segments = if let Value::Bytes(bytes) = &row[1] { spans::from_bytes(bytes) } else { None };
        let full_on = if let Value::Date(day) = row[2] { Some(day) } else { None };
        let parked =
            self.rows(session, PARKED, &["row_key"], Some(("flow", flow))).await?.unwrap_or_default();
        Ok(Some(Cursor {
            fingerprint: text(&row[0]),
            segments: segments.unwrap_or_default(),
            full_on,
            shape: serde_json::from_str(&text(&row[3])).unwrap_or_default(),
            parked: parked.iter().map(|row| text(&row[0])).collect(),
        }))
    }

    pub(crate) async fn save(&self, session: &mut dyn Session, flow: &str, cursor: &Cursor) -> Result<()> {
        let row = vec![
            Value::Text(flow.to_owned()),
            Value::Text(cursor.fingerprint.clone()),
            Value::Bytes(spans::to_bytes(&cursor.segments)),
            cursor.full_on.map_or(Value::Null, Value::Date),
            Value::Text(serde_json::to_string(&cursor.shape).unwrap_or_default()),
            Value::Instant(self.now),
        ];
        self.put(session, &state_table(), &["flow"], &[], &[row]).await
    }

    /// Makes the parked rows of `flow` exactly these.
    pub(crate) async fn park(
        &self,
        session: &mut dyn Session,
        flow: &str,
        rows: &[ParkedRow],
        before: &[String],
    ) -> Result<()> {
        if rows.is_empty() && before.is_empty() {
            return Ok(());
        }
        let text = |t: &str| Value::Text(t.to_owned());
        let values: Vec<Vec<Value>> = rows
            .iter()
            .map(|row| {
                vec![
                    text(flow),
                    text(&row.key),
                    text(&row.column),
                    text(&row.reason),
                    Value::Instant(self.now),
                ]
            })
            .collect();
        self.put(session, &parked_table(), &["flow", "row_key"], &["since"], &values).await?;
        let settled: Vec<Vec<Value>> = before
            .iter()
            .filter(|key| !rows.iter().any(|row| &row.key == *key))
            .map(|key| vec![text(flow), text(key)])
            .collect();
        self.remove(session, PARKED, &["flow", "row_key"], &settled).await
    }

    /// [`Store::account`]; tables of the old programs with rules of their own cost the account, never the rows.
    pub(crate) async fn account_or_warn(
        &self,
        session: &mut dyn Session,
        direction: &str,
        reports: &[(&FlowReport, &str, String)],
    ) -> Result<()> {
        session.savepoint().await.map_err(self.fail())?;
        match self.account(session, direction, reports).await {
            Err(error) if policy(error.kind()) == Policy::Park => {
                tracing::warn!(
                    database = self.database,
                    direction,
                    "sync_state and sync_logs refuse the account"
                );
                session.rollback_to_savepoint().await.map_err(self.fail())
            }
            outcome => outcome,
        }
    }

    /// Writes `sync_state`, and a line of `sync_logs` for a flow that did or failed to do something.
    async fn account(
        &self,
        session: &mut dyn Session,
        direction: &str,
        reports: &[(&FlowReport, &str, String)],
    ) -> Result<()> {
        let text = |t: &str| Value::Text(t.to_owned());
        let state: Vec<Vec<Value>> = reports
            .iter()
            .map(|(report, table, message)| {
                let rows =
                    i64::try_from(report.inserted + report.updated + report.deleted).unwrap_or(i64::MAX);
                vec![
                    Value::Uuid(Uuid::new_v4()),
                    text(table),
                    text(direction),
                    Value::Instant(self.now),
                    Value::Int(rows.min(i64::from(i32::MAX))),
                    Value::Bool(report.state == Outcome::Done),
                    if message.is_empty() { Value::Null } else { text(message) },
                    Value::Instant(self.now),
                    Value::Instant(self.now),
                ]
            })
            .collect();
        self.put(session, &sync_state_table(), &["tablo_adi", "yon"], &["id", "olusturma_tarihi"], &state)
            .await?;
        let logs: Vec<Vec<Value>> = reports
            .iter()
            .filter(|(report, _, _)| report.wrote() || report.state != Outcome::Done)
            .map(|(report, table, message)| log_row(report, table, message, direction, self.now))
            .collect();
        if logs.is_empty() {
            Ok(())
        } else {
            self.put(session, &sync_logs_table(), &["id"], &[], &logs).await
        }
    }

    fn fail(&self) -> impl Fn(database::Error) -> Error + '_ {
        Error::database(self.database)
    }

    /// Rows of a table of ours; `None` when the table is not there.
    async fn rows(
        &self,
        session: &mut dyn Session,
        table: &str,
        columns: &[&str],
        with: Option<(&str, &str)>,
    ) -> Result<Option<Vec<Vec<Value>>>> {
        let Some(shape) = self.find(session, &TableRef::new(table)).await? else { return Ok(None) };
        let reads: Vec<ColumnRead> = columns
            .iter()
            .filter_map(|name| shape.column(name))
            .map(|column| ColumnRead::new(ColumnRef::named(&column.name), column.data_type.clone()))
            .collect();
        let filter: Vec<Condition> = with
            .map(|(column, value)| Condition::new(column, Comparison::Equal, Value::Text(value.to_owned())))
            .into_iter()
            .collect();
        let from = Relation::Table(shape.name.clone());
        let read = Read { filter: &filter, ..Read::whole(&from, &reads, self.zone) };
        let page = session.read(&read).await.map_err(self.fail())?;
        Ok(Some((0..page.batch.rows()).map(|at| page.batch.row(at)).collect()))
    }

    async fn find(&self, session: &mut dyn Session, name: &TableRef) -> Result<Option<Table>> {
        match session.table(name).await {
            Ok(table) => Ok(Some(table)),
            Err(error) if error.kind == ErrorKind::Missing => Ok(None),
            Err(error) => Err(self.fail()(error)),
        }
    }

    /// Upserts rows of `wanted`'s columns into that table, made when it is not there. An older table of another shape
    /// gets the columns that it has.
    async fn put(
        &self,
        session: &mut dyn Session,
        wanted: &Table,
        key: &[&str],
        insert_only: &[&str],
        rows: &[Vec<Value>],
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let table = self.ensure(session, wanted).await?;
        let places: Vec<usize> = (0..wanted.columns.len())
            .filter(|at| table.column(&wanted.columns[*at].name).is_some())
            .collect();
        let names: Vec<&str> = places.iter().map(|at| wanted.columns[*at].name.as_str()).collect();
        let types: Vec<DataType> = names
            .iter()
            .filter_map(|name| table.column(name))
            .map(|column| column.data_type.clone())
            .collect();
        let mut batch = Batch::new(&types);
        for row in rows {
            let cells: Vec<Value> =
                places.iter().zip(&types).map(|(at, to)| self.fit(&row[*at], to)).collect();
            batch.push_row(cells.iter().map(Cell::from));
        }
        let columns: Vec<ColumnRef> = names.iter().copied().map(ColumnRef::named).collect();
        let at = |wanted: &[&str]| -> Vec<usize> {
            (0..names.len()).filter(|place| wanted.contains(&names[*place])).collect()
        };
        let (key, insert_only) = (at(key), at(insert_only));
        let write = Write { table: &table, columns: &columns, key: &key, insert_only: &insert_only };
        session.upsert(&write, &batch).await.map(|_| ()).map_err(self.fail())
    }

    /// A value of ours in a column that somebody else may have made: what does not fit is left out.
    fn fit(&self, value: &Value, to: &DataType) -> Value {
        let rules = Coercion { zone: self.zone, null_texts: &[] };
        let shortened = match (value, to) {
            (Value::Text(text), DataType::Text { max: Some(max), .. }) => {
                Value::Text(text.chars().take(*max as usize).collect())
            }
            (Value::Instant(at), DataType::Timestamp { .. }) => {
                self.zone.local(*at).map_or(Value::Null, Value::Timestamp)
            }
            _ => value.clone(),
        };
        model::coerce(shortened, to, rules).unwrap_or(Value::Null)
    }

    async fn remove(
        &self,
        session: &mut dyn Session,
        table: &str,
        key: &[&str],
        rows: &[Vec<Value>],
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let table = session.table(&TableRef::new(table)).await.map_err(self.fail())?;
        let columns: Vec<ColumnRef> = key.iter().copied().map(ColumnRef::named).collect();
        let types: Vec<DataType> =
            key.iter().filter_map(|name| table.column(name)).map(|column| column.data_type.clone()).collect();
        let mut batch = Batch::new(&types);
        rows.iter().for_each(|row| batch.push_row(row.iter().map(Cell::from)));
        let places: Vec<usize> = (0..key.len()).collect();
        let write = Write { table: &table, columns: &columns, key: &places, insert_only: &[] };
        session.delete(&write, &batch).await.map(|_| ()).map_err(self.fail())
    }

    async fn ensure(&self, session: &mut dyn Session, wanted: &Table) -> Result<Table> {
        if let Some(table) = self.find(session, &wanted.name).await? {
            return Ok(table);
        }
        // Two flows that come here at once would both make it.
        session.lock("denk tables", TABLES_WAIT).await.map_err(self.fail())?;
        let mut made = wanted.clone();
        for column in &mut made.columns {
            *column = session.faithful(column).map_err(|lost| Error::Unfaithful(vec![lost]))?;
        }
        session.create_table(&made).await.map_err(self.fail())?;
        session.table(&wanted.name).await.map_err(self.fail())
    }
}

fn log_row(report: &FlowReport, table: &str, message: &str, direction: &str, now: Instant) -> Vec<Value> {
    let text = |t: &str| Value::Text(t.to_owned());
    #[allow(clippy::cast_possible_truncation)]
    let millis = (report.seconds * 1000.0).min(f64::from(i32::MAX)) as i64;
    vec![
        Value::Uuid(Uuid::new_v4()),
        text(&direction.to_uppercase()),
        text(table),
        text("SYNC"),
        text(&format!("+{} ~{} -{}", report.inserted, report.updated, report.deleted)),
        text(if report.state == Outcome::Done { "SUCCESS" } else { "FAILED" }),
        if message.is_empty() { Value::Null } else { text(message) },
        Value::Int(millis),
        Value::Instant(now),
    ]
}

fn made(name: &str, columns: Vec<ColumnDef>, key: &[&str]) -> Table {
    Table {
        name: TableRef::new(name),
        kind: TableKind::Table,
        columns,
        primary_key: key.iter().map(|name| (*name).to_owned()).collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    }
}

fn short(name: &str, max: u32) -> ColumnDef {
    ColumnDef::new(
        name,
        DataType::Text { max: Some(max), unit: TextUnit::Chars, traits: TextTraits::UNLIMITED },
    )
}

fn moment(name: &str) -> ColumnDef {
    ColumnDef::new(
        name,
        DataType::Instant { fraction: Fraction::Digits(6), years: (1, 9999), keeps_offset: false },
    )
}

fn state_table() -> Table {
    let columns = vec![
        short("flow", 200).not_null(),
        short("fingerprint", 64),
        ColumnDef::new("segments", DataType::BYTES),
        ColumnDef::new("full_on", DataType::DATE),
        ColumnDef::new("shape", DataType::TEXT),
        moment("updated_at"),
    ];
    made(STATE, columns, &["flow"])
}

fn parked_table() -> Table {
    let columns = vec![
        short("flow", 200).not_null(),
        short("row_key", 250).not_null(),
        short("column_name", 128),
        ColumnDef::new("reason", DataType::TEXT),
        moment("since"),
    ];
    made(PARKED, columns, &["flow", "row_key"])
}

fn sync_state_table() -> Table {
    let columns = vec![
        ColumnDef::new("id", DataType::Uuid).not_null(),
        short("tablo_adi", 100).not_null(),
        short("yon", 20).not_null(),
        moment("son_senkronizasyon_zamani"),
        ColumnDef::new("kayit_sayisi", DataType::INT32),
        ColumnDef::new("basarili", DataType::Bool),
        ColumnDef::new("hata_mesaji", DataType::TEXT),
        moment("olusturma_tarihi"),
        moment("guncelleme_tarihi"),
    ];
    made(SYNC_STATE, columns, &["tablo_adi", "yon"])
}

fn sync_logs_table() -> Table {
    let columns = vec![
        ColumnDef::new("id", DataType::Uuid).not_null(),
        short("direction", 20),
        short("entity", 100),
        short("operation", 20),
        short("record_id", 100),
        short("status", 20),
        ColumnDef::new("error_message", DataType::TEXT),
        ColumnDef::new("duration_ms", DataType::INT32),
        moment("created_at"),
    ];
    made(SYNC_LOGS, columns, &["id"])
}
