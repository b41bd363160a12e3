//! The program's own tables: rows read and written as the rules name their columns.
//!
//! Values take the forms in which whole files are read ([`replica::office_file`]); columns are bound by name, in any case.

use database::{Applied, ColumnRead, ColumnRef, Comparison, Condition, Read, Relation, Session, Write};
use merge::{Cells, ColumnId, Kept, LocalId, LocalRow, Rules, TableId, TableRules, is_blank};
use model::{Batch, ColumnDef, DataType, ErrorKind, Key, Table, TableKind, TableRef, Value, Zone};
use replica::{
    handout,
    office_file::{self, lack, settled},
    wire,
};

use super::{Error, Result, Stranger};

/// A merged table, as the file has it.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub id: TableId,
    pub rules: TableRules,
    pub table: Table,
    /// The rules' columns that the file has.
    pub present: Vec<ColumnId>,
    from: Relation,
    /// The key, then those.
    reads: Vec<ColumnRead>,
    columns: Vec<ColumnRef>,
}

/// Rows that were read, and the ids of those that cannot be (a text that is none, or one that no batch can hold).
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// **Order**: by id.
    pub rows: Vec<LocalRow>,
    pub unreadable: Vec<LocalId>,
}

/// The program's tables in the file, as far as the hub merges them; views too.
pub(super) async fn tables(session: &mut dyn Session, rules: &Rules) -> Result<Vec<(TableId, Table)>> {
    let mut tables = Vec::new();
    for (id, table) in rules.tables().filter(|(_, table)| table.kept == Kept::Merged) {
        match session.table(&TableRef::new(&table.name)).await {
            Ok(found) => tables.push((id, found)),
            Err(error) if error.kind == ErrorKind::Missing => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(tables)
}

/// Whether nothing shows that they are another program's.
///
/// # Errors
/// [`Stranger`].
pub(super) fn are_of_an_office(
    tables: &[(TableId, Table)],
    rules: &Rules,
) -> std::result::Result<(), Stranger> {
    if let Some((id, _)) = tables.iter().find(|(_, table)| table.kind == TableKind::View) {
        return Err(Stranger::View(rules[*id].name.clone()));
    }
    let columns = |wanted: &TableRules| {
        let (_, table) = tables.iter().find(|(id, _)| rules[*id].name == wanted.name)?;
        Some(table.columns.iter().map(|column| column.name.clone()).collect())
    };
    lack(rules, columns).map_or(Ok(()), |lack| Err(lack.into()))
}

impl Form {
    /// `None`: the table lacks its key, or what names its rows; it is another program's.
    pub fn of(id: TableId, rules: &TableRules, table: Table) -> Option<Self> {
        let has = |name: &str| table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        let key = has(&rules.key)?.name.clone();
        if office_file::named_by(rules).any(|name| has(name).is_none()) {
            return None;
        }
        let present: Vec<ColumnId> =
            rules.column_ids().filter(|column| has(&rules[*column].name).is_some()).collect();
        let of_key = if rules.text_key { DataType::TEXT } else { DataType::INT64 };
        let mut reads = vec![ColumnRead::new(ColumnRef::named(key), of_key)];
        reads.extend(present.iter().filter_map(|column| {
            let name = has(&rules[*column].name)?.name.clone();
            Some(ColumnRead::new(ColumnRef::named(name), DataType::Any))
        }));
        let columns = reads.iter().map(|read| read.column.clone()).collect();
        let from = Relation::Table(table.name.clone());
        Some(Self { id, rules: rules.clone(), table, present, from, reads, columns })
    }

    pub fn name(&self) -> &str {
        &self.rules.name
    }

    pub fn key(&self) -> &str {
        self.columns[0].name()
    }

    /// What of the table's shape matters here: its columns, in its order.
    pub fn shape(&self) -> Vec<String> {
        self.table.columns.iter().map(described).collect()
    }

    /// Columns that the rules do not know: `table.column`.
    pub fn unknown(&self) -> impl Iterator<Item = String> + '_ {
        let names = || self.rules.columns.iter().map(|column| &column.name).chain([&self.rules.key]);
        let known = move |name: &str| names().any(|known| known.eq_ignore_ascii_case(name));
        let unknown = self.table.columns.iter().filter(move |column| !known(&column.name));
        unknown.map(|column| format!("{}.{}", self.rules.name, column.name))
    }

    /// A column as it stands there.
    pub fn described(&self, column: ColumnId) -> Option<String> {
        self.column(column).map(described)
    }

    /// Columns whose values the file has once only.
    pub fn names(&self) -> impl Iterator<Item = ColumnId> + '_ {
        let is_name = |column: &ColumnId| {
            let name = &self.rules[*column].name;
            self.table.unique.iter().flatten().any(|unique| unique.eq_ignore_ascii_case(name))
        };
        self.present.iter().copied().filter(is_name)
    }

    /// The id as denk's tables write it.
    pub fn id_of(&self, text: &str) -> Result<LocalId> {
        if self.rules.text_key {
            return Ok(LocalId::Text(text.to_owned()));
        }
        text.parse().map(LocalId::Int).map_err(|_| Error::broken(format!("`{text}` is no id")))
    }

    pub async fn by_ids(&self, session: &mut dyn Session, ids: &[LocalId]) -> Result<Rows> {
        let mut found = Rows::default();
        for ids in ids.chunks(Condition::VALUES_MAX) {
            let filter = [Condition::any_of(self.key(), ids.iter().map(Value::from).collect())];
            self.read(session, &filter, &mut found).await?;
        }
        Ok(found)
    }

    /// Those whose `column` holds one of these ids.
    pub async fn with(&self, session: &mut dyn Session, column: ColumnId, held: &[LocalId]) -> Result<Rows> {
        let mut found = Rows::default();
        let at = self.present.iter().position(|present| *present == column);
        let Some(read) = at.map(|at| &self.reads[at + 1]) else { return Ok(found) };
        for held in held.chunks(Condition::VALUES_MAX) {
            let filter = [Condition::any_of(read.column.name(), held.iter().map(Value::from).collect())];
            self.read(session, &filter, &mut found).await?;
        }
        Ok(found)
    }

    async fn read(&self, session: &mut dyn Session, filter: &[Condition], into: &mut Rows) -> Result<()> {
        let zone = Zone::utc();
        let read = Read { key: &[0], filter, ..Read::whole(&self.from, &self.reads, &zone) };
        self.take(&session.read(&read).await?, into);
        into.rows.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(())
    }

    /// Some rows after `after`, and where the next ones begin.
    pub async fn page(
        &self,
        session: &mut dyn Session,
        after: Option<&Key>,
        count: usize,
    ) -> Result<(Rows, Option<Key>)> {
        let zone = Zone::utc();
        let whole = Read::whole(&self.from, &self.reads, &zone);
        let mut page = session.read(&Read { key: &[0], after, rows: Some(count), ..whole }).await?;
        let next = page.next.take();
        let mut rows = Rows::default();
        self.take(&page, &mut rows);
        Ok((rows, next))
    }

    /// All rows that can be read.
    pub async fn all(&self, session: &mut dyn Session) -> Result<Vec<LocalRow>> {
        let (zone, mut all) = (Zone::utc(), Rows::default());
        let whole = Read::whole(&self.from, &self.reads, &zone);
        self.take(&session.read(&Read { key: &[0], ..whole }).await?, &mut all);
        Ok(all.rows)
    }

    /// Which of these ids the file has.
    pub async fn there(&self, session: &mut dyn Session, ids: &[LocalId]) -> Result<Vec<LocalId>> {
        let (zone, reads) = (Zone::utc(), &self.reads[..1]);
        let mut there = Vec::new();
        for ids in ids.chunks(Condition::VALUES_MAX) {
            let filter = [Condition::any_of(self.key(), ids.iter().map(Value::from).collect())];
            let page =
                session.read(&Read { filter: &filter, ..Read::whole(&self.from, reads, &zone) }).await?;
            there.extend((0..page.batch.rows()).filter_map(|at| LocalId::of(&page.batch.row(at)[0])));
        }
        Ok(there)
    }

    /// The highest id beyond `after`, if there is one.
    pub async fn highest(&self, session: &mut dyn Session, after: i64) -> Result<Option<i64>> {
        let (zone, reads) = (Zone::utc(), &self.reads[..1]);
        let filter = [Condition::new(self.key(), Comparison::Greater, Value::Int(after))];
        let page = session.read(&Read { filter: &filter, ..Read::whole(&self.from, reads, &zone) }).await?;
        let ids = (0..page.batch.rows()).filter_map(|at| match page.batch.row(at)[0] {
            Value::Int(id) => Some(id),
            _ => None,
        });
        Ok(ids.max())
    }

    /// Adds rows, or changes those that are there; columns that the rules do not know stay as they are.
    ///
    /// # Errors
    /// `Constraint`; `Conversion` for cells that did not go through [`Form::fit`].
    pub async fn write(
        &self,
        session: &mut dyn Session,
        rows: &[LocalRow],
    ) -> std::result::Result<Applied, database::Error> {
        let write = Write { table: &self.table, columns: &self.columns, key: &[0], insert_only: &[] };
        let mut batch = Batch::new(std::iter::repeat_n(&DataType::Any, self.columns.len()));
        for row in rows {
            batch.columns[0].push_value(&(&row.id).into());
            for (at, column) in self.present.iter().enumerate() {
                batch.columns[at + 1].push_value(&self.written(*column, row.cells[column.0].as_ref())?);
            }
            batch.end_row();
        }
        session.upsert(&write, &batch).await
    }

    fn written(&self, column: ColumnId, cell: Option<&Value>) -> std::result::Result<Value, database::Error> {
        let rule = &self.rules[column];
        let native = self.column(column).map_or("", |found| found.native.as_str());
        handout::written(native, rule.data_type, cell.unwrap_or(&Value::Null)).ok_or_else(|| {
            let error = database::Error::new(ErrorKind::Conversion, "a value that the file cannot hold");
            error.in_table(&self.table.name).in_column(&rule.name)
        })
    }

    fn column(&self, column: ColumnId) -> Option<&ColumnDef> {
        let name = &self.rules[column].name;
        self.table.columns.iter().find(|found| found.name.eq_ignore_ascii_case(name))
    }

    /// Whether this says nothing, or what is put where nothing is said.
    pub fn is_default(&self, column: ColumnId, value: Option<&Value>) -> bool {
        let of_file = self.column(column).and_then(|found| found.default.as_deref());
        let of_file = of_file.map(|text| text.trim_matches(['(', ')', '\'', '"', ' ']));
        let shown = value.map(ToString::to_string);
        is_blank(value)
            || value == self.rules[column].default.as_ref()
            || of_file.is_some() && of_file == shown.as_deref()
    }

    pub async fn delete(
        &self,
        session: &mut dyn Session,
        ids: &[LocalId],
    ) -> std::result::Result<u64, database::Error> {
        if ids.is_empty() {
            return Ok(0);
        }
        let write = Write { table: &self.table, columns: &self.columns[..1], key: &[0], insert_only: &[] };
        let mut batch = Batch::new([&self.reads[0].wanted]);
        for id in ids {
            batch.columns[0].push_value(&id.into());
            batch.end_row();
        }
        session.delete(&write, &batch).await
    }

    /// What the file will hold of these cells; unknown where it has no column.
    pub fn fit(&self, cells: &Cells) -> Cells {
        let mut fitted = cells.clone();
        _ = handout::fit(Some(&self.table), &self.rules, &mut fitted);
        fitted
    }

    /// In columns that the file does not have, what it said when it had them: that is nobody's edit when they are back.
    pub fn keep_absent(&self, cells: &Cells, before: &Cells) -> Cells {
        let mut kept = cells.clone();
        for column in self.rules.column_ids().filter(|column| !self.present.contains(column)) {
            kept[column.0].clone_from(&before[column.0]);
        }
        kept
    }

    fn take(&self, page: &model::Page, into: &mut Rows) {
        let wide = |mut row: LocalRow| {
            let narrow = std::mem::replace(&mut row.cells, vec![None; self.rules.columns.len()]);
            for (column, cell) in self.present.iter().zip(narrow) {
                row.cells[column.0] = cell.map(|cell| settled(self.rules[*column].data_type, cell));
            }
            row
        };
        let mut narrow = Rows::default();
        narrow.add(page);
        into.rows.extend(narrow.rows.into_iter().map(wide));
        into.unreadable.extend(narrow.unreadable);
    }
}

fn described(column: &ColumnDef) -> String {
    format!("{} {}", column.name, column.native).trim().to_lowercase()
}

impl Rows {
    /// As they were read: the key, then a cell a column.
    fn add(&mut self, page: &model::Page) {
        for at in 0..page.batch.rows() {
            let mut row = page.batch.row(at).into_iter();
            let Some(id) = row.next().as_ref().and_then(LocalId::of) else { continue };
            let cells: Cells = row.map(Some).collect();
            if cells.iter().flatten().any(|value| wire::size(value) > wire::CELL_BYTES_MAX) {
                self.unreadable.push(id);
            } else {
                self.rows.push(LocalRow { id, cells });
            }
        }
        let keys = page.rejected.iter().filter_map(|rejected| rejected.key.0.first());
        self.unreadable.extend(keys.filter_map(LocalId::of));
    }
}

/// As denk's tables write it.
pub(super) fn shown(id: &LocalId) -> String {
    match id {
        LocalId::Int(id) => id.to_string(),
        LocalId::Text(id) => id.clone(),
    }
}
