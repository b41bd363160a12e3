//! Golden files of rendered SQL: each connector's statements on one table whose names are as hostile as names get.
//!
//! `cargo xtask golden` rewrites the files in `tests/golden`; the review is the difference.

use std::sync::LazyLock;

use model::{
    Batch, Cell, ColumnDef, DataType, Key, Table, TableKind, TableRef, TextTraits, TextUnit, Value, Zone,
};

use crate::{ColumnRead, ColumnRef, Comparison, Condition, Read, Relation, Unfaithful, Write};

/// The schema, where there are any.
pub(crate) const SCHEMA: &str = "büro \"İ\"";
const TABLE: &str = "satış 'satırı'";
/// Quotes of both kinds, blanks, Turkish letters, a reserved word, a template's slot, the end of a statement.
pub(crate) const COLUMNS: [&str; 6] =
    ["şube \"kodu\"", "sıra", "select", "tutar {table}", "değişti'ği gün", "kaynak; --"];
/// Places of the key.
const KEY: [usize; 2] = [0, 1];
/// Places of what is written for new rows only.
const INSERT_ONLY: [usize; 1] = [5];

/// The table as one database would make it.
pub(crate) struct Example {
    pub table: Table,
    /// A column that the table does not have yet.
    pub added: ColumnDef,
    relation: Relation,
    refs: Vec<ColumnRef>,
    reads: Vec<ColumnRead>,
    after: Key,
    up_to: Key,
    filter: Vec<Condition>,
}

static UTC: LazyLock<Zone> = LazyLock::new(Zone::utc);

impl Example {
    pub(crate) fn new(
        schema: Option<&str>,
        faithful: impl Fn(&ColumnDef) -> Result<ColumnDef, Unfaithful>,
    ) -> Self {
        let code = DataType::Text { max: Some(25), unit: TextUnit::Chars, traits: TextTraits::UNLIMITED };
        let types = [
            code,
            DataType::INT32,
            DataType::TEXT,
            DataType::Decimal(Some((18, 4))),
            DataType::TIMESTAMP,
            DataType::TEXT,
        ];
        let column = |name, data_type| faithful(&ColumnDef::new(name, data_type)).unwrap();
        let mut columns: Vec<ColumnDef> =
            COLUMNS.into_iter().zip(types).map(|(name, data_type)| column(name, data_type)).collect();
        KEY.iter().for_each(|at| columns[*at].nullable = false);
        let name = TableRef { schema: schema.map(str::to_owned), name: TABLE.to_owned() };
        let refs: Vec<ColumnRef> = COLUMNS.into_iter().map(ColumnRef::named).collect();
        let read =
            |(column, def): (&ColumnRef, &ColumnDef)| ColumnRead::new(column.clone(), def.data_type.clone());
        let reads = refs.iter().zip(&columns).map(read).collect();
        let table = Table {
            name: name.clone(),
            kind: TableKind::Table,
            columns,
            primary_key: KEY.iter().map(|at| COLUMNS[*at].to_owned()).collect(),
            unique: Vec::new(),
            foreign_keys: Vec::new(),
            triggers: Vec::new(),
        };
        Self {
            table,
            added: column("yeni \"sütun\"", DataType::DATE),
            relation: Relation::Table(name),
            refs,
            reads,
            after: key("İzmir'de {table}", 7),
            up_to: key("ığdır\"", 8),
            filter: vec![
                condition(2, Comparison::NotEqual, Value::Text("' or 1=1; --".to_owned())),
                condition(3, Comparison::AtLeast, Value::Decimal("-1.50".parse().unwrap())),
                condition(4, Comparison::IsNotNull, Value::Null),
            ],
        }
    }

    /// The statement of each kind of page.
    pub(crate) fn pages(&self, statement: impl Fn(&Read<'_>) -> String) -> Vec<(&'static str, String)> {
        let whole = Read::whole(&self.relation, &self.reads, &UTC);
        let first = Read { key: &KEY, rows: Some(500), ..whole.clone() };
        let after = Read { after: Some(&self.after), ..first.clone() };
        let up_to = Read { up_to: Some(&self.up_to), ..after.clone() };
        let filter = Read { filter: &self.filter, ..first.clone() };
        let reads = [
            ("everything, without a key", whole),
            ("first page", first),
            ("page after a key", after),
            ("page after a key up to another", up_to),
            ("first page of the rows that conditions choose", filter),
        ];
        reads.into_iter().map(|(title, read)| (title, statement(&read))).collect()
    }

    /// A write of whole rows.
    pub(crate) fn rows(&self) -> (Write<'_>, Batch) {
        self.write(COLUMNS.len())
    }

    /// A write of keys alone.
    pub(crate) fn keys(&self) -> (Write<'_>, Batch) {
        self.write(KEY.len())
    }

    /// The first columns, with one row that is NULL but for its key.
    fn write(&self, columns: usize) -> (Write<'_>, Batch) {
        let insert_only = if columns > INSERT_ONLY[0] { &INSERT_ONLY[..] } else { &[] };
        let write = Write { table: &self.table, columns: &self.refs[..columns], key: &KEY, insert_only };
        let mut batch = Batch::new(self.table.columns[..columns].iter().map(|column| &column.data_type));
        let nulls = std::iter::repeat_n(Cell::Null, columns - KEY.len());
        batch.push_row(self.after.0.iter().map(Cell::from).chain(nulls));
        (write, batch)
    }
}

fn key(text: &str, number: i64) -> Key {
    Key(vec![Value::Text(text.to_owned()), Value::Int(number)])
}

fn condition(column: usize, comparison: Comparison, value: Value) -> Condition {
    Condition::new(COLUMNS[column], comparison, value)
}

/// Compares statements, each under a title, with the golden file of a dialect.
#[track_caller]
pub(crate) fn assert_golden(dialect: &str, statements: &[(&str, String)]) {
    let titled = statements.iter().map(|(title, sql)| format!("-- {title}\n{}\n", sql.trim_end()));
    let text = titled.collect::<Vec<_>>().join("\n");
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../tests/golden");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    };
    settings.bind(|| insta::assert_snapshot!(dialect, text));
}
