//! Reading a table or query page by page, in key order.

use futures_util::TryStreamExt;
use model::{Batch, Coercion, ColumnDef, DataType, ErrorKind, Key, Misfit, Page, Rejected, TableRef, Value};
use tiberius::{ColumnData, Row, ToSql};

use super::{
    Mssql, QUOTING,
    compare::{Operand, Parameters, any_of, bounds, condition, order, ordered},
    connect::Wire,
    decode, introspect,
    types::{Family, NativeType},
};
use crate::{
    ColumnRef, Comparison, Error, Read, Relation, Result,
    sql::{Slot, render, slot},
};

/// Bytes of a row, before any was seen.
pub(super) const ROW_BYTES: usize = 512;
/// The place of a row as a number that orders as the pages do: file, page, slot.
const LOCATOR: &str = include_str!("sql/locator.sql");

/// What is known of the relation that is read.
pub(super) struct Shape {
    columns: Vec<(ColumnDef, Operand)>,
    /// Sets of columns that no two rows share.
    unique: Vec<Vec<String>>,
}

/// One column of the answer.
struct Asked<'a> {
    name: &'a str,
    wanted: &'a DataType,
    required: bool,
    null_texts: &'a [String],
    operand: Operand,
    nullable: bool,
    key: bool,
    padded: bool,
    /// Fetched as bytes, because some value may be no valid text.
    raw: bool,
}

pub(super) async fn page(session: &mut Mssql, read: &Read<'_>) -> Result<Page> {
    let shape = shape(session, read).await?;
    let question = Question::new(read, &shape, session.features.babelfish)?;
    let reader = Reader { wire: &mut session.wire, row_bytes: &mut session.row_bytes, question };
    let page = reader.page().await;
    if let Ok(Page { next: Some(next), .. }) = &page {
        session.reading = Some((read.from.clone(), next.clone(), shape));
    }
    page.map_err(|error| match read.from {
        Relation::Table(table) => error.in_table(table),
        Relation::Query(_) => error,
    })
}

/// The text of a page's statement, for tests that look at it.
#[cfg(test)]
pub(super) fn statement(read: &Read<'_>, table: &model::Table) -> Result<String> {
    let columns = table.columns.iter().map(|column| known((column.clone(), false)));
    let shape = Shape { columns: columns.collect::<Result<_>>()?, unique: vec![table.primary_key.clone()] };
    Ok(Question::new(read, &shape, false)?.statement(&Stretch::Page, read.rows)?.0)
}

/// The shape, asked anew unless this page follows the last one.
async fn shape(session: &mut Mssql, read: &Read<'_>) -> Result<Shape> {
    if let Some((relation, next, shape)) = session.reading.take()
        && read.after == Some(&next)
        && relation == *read.from
    {
        return Ok(shape);
    }
    session.row_bytes = ROW_BYTES;
    match read.from {
        Relation::Table(table) => of_table(session, table).await,
        Relation::Query(query) => of_query(session, query).await,
    }
}

async fn of_table(session: &mut Mssql, table: &TableRef) -> Result<Shape> {
    let described = introspect::described(session, table).await?;
    let mut unique = described.table.unique;
    unique.push(described.table.primary_key);
    unique.retain(|key| !key.is_empty());
    let columns = described.table.columns.into_iter().zip(described.binary).map(known);
    Ok(Shape { columns: columns.collect::<Result<_>>()?, unique })
}

async fn of_query(session: &mut Mssql, query: &str) -> Result<Shape> {
    let columns = introspect::query_columns(session, query).await?;
    Ok(Shape { columns: columns.into_iter().map(known).collect::<Result<_>>()?, unique: Vec::new() })
}

fn known((column, binary): (ColumnDef, bool)) -> Result<(ColumnDef, Operand)> {
    let native = NativeType::parse(&column.native).unwrap_or(NativeType::CLR);
    // In a code page, code units are ordered by it, not as letters are.
    let operand =
        Operand { sql: of_row(&column.name)?, native, binary: binary && !native.family.in_code_page() };
    Ok((column, operand))
}

fn of_row(name: &str) -> Result<Slot> {
    Ok(Slot::join([Slot::fixed("r"), QUOTING.name(name)?], "."))
}

/// One call of [`page`].
struct Reader<'a> {
    wire: &'a mut Wire,
    row_bytes: &'a mut usize,
    question: Question<'a>,
}

/// What is asked for, and how it is said in SQL.
struct Question<'a> {
    babelfish: bool,
    read: &'a Read<'a>,
    shape: &'a Shape,
    asked: Vec<Asked<'a>>,
    unique: bool,
}

/// What one statement brought.
struct Fetched {
    batch: Batch,
    rejected: Vec<Rejected>,
    /// Whether the last row is the last of `rejected`, not of `batch`.
    ends_rejected: bool,
    rows: usize,
    /// Stopped before the end: there were as many rows as asked for, or they were larger than expected.
    more: bool,
    /// A text held U+FFFD: the letter itself, or what the driver put for an unpaired surrogate.
    doubtful: bool,
}

/// Which rows a statement is to bring.
enum Stretch<'k> {
    Page,
    /// Those whose key is NULL (or no number, where numbers are wanted).
    Keyless,
    /// Those with exactly this key.
    At(&'k Key),
}

impl<'a> Question<'a> {
    fn new(read: &'a Read<'a>, shape: &'a Shape, babelfish: bool) -> Result<Self> {
        let mut asked = Vec::with_capacity(read.columns.len());
        for (at, column) in read.columns.iter().enumerate() {
            let (operand, nullable) = shape.operand(&column.column, babelfish)?;
            asked.push(Asked {
                name: column.column.name(),
                wanted: &column.wanted,
                required: column.required,
                null_texts: &column.null_texts,
                padded: operand.native.family.is_padded(),
                // A text that is no number counts as NULL where numbers are wanted.
                nullable: nullable
                    || (operand.native.family.is_text() && matches!(column.wanted, DataType::Int { .. })),
                operand,
                key: read.key.contains(&at),
                raw: false,
            });
        }
        let names: Vec<&ColumnRef> = read.key.iter().map(|at| &read.columns[*at].column).collect();
        let unique = shape.tells_apart(&names);
        Ok(Self { babelfish, read, shape, asked, unique })
    }

    fn statement(&self, stretch: &Stretch<'_>, top: Option<usize>) -> Result<(String, Parameters)> {
        let mut parameters = Parameters::default();
        let conditions = self.conditions(stretch, &mut parameters)?;
        let keys: Vec<Slot> = self.keys().flat_map(|column| order(&column.operand, column.wanted)).collect();
        let from = match self.read.from {
            Relation::Table(table) => QUOTING.table(table)?,
            Relation::Query(query) => slot("({query})", &[("query", Slot::query(query))]),
        };
        let clause = |template: &str, slots: Vec<Slot>, between: &str| match slots.is_empty() {
            true => Slot::fixed(""),
            false => slot(template, &[("terms", Slot::join(slots, between))]),
        };
        // One more than wanted: whether it comes tells whether more follow.
        let top = top.map_or_else(
            || Slot::fixed(""),
            |top| slot("top ({n})", &[("n", Slot::number(top as i128 + 1))]),
        );
        // Under names of ours: Babelfish counts letters wrongly in some of others.
        let columns = self.asked.iter().enumerate().map(|(at, column)| {
            slot("{x} as c{n}", &[("x", selected(column)), ("n", Slot::number(at as i128))])
        });
        let sql = render(
            include_str!("sql/page.sql"),
            &[
                ("top", top),
                ("columns", Slot::join(columns, ", ")),
                ("from", from),
                ("where", clause("where {terms}", conditions, " and ")),
                ("order", clause("order by {terms}", keys, ", ")),
            ],
        );
        Ok((sql, parameters))
    }

    fn keys(&self) -> impl Iterator<Item = &Asked<'a>> {
        self.read.key.iter().map(|at| &self.asked[*at])
    }

    fn conditions(&self, stretch: &Stretch<'_>, parameters: &mut Parameters) -> Result<Vec<Slot>> {
        let mut terms = Vec::new();
        for filter in self.read.filter {
            let (operand, _) = self.shape.operand(&ColumnRef::named(&filter.column), self.babelfish)?;
            terms.push(match filter.comparison {
                Comparison::AnyOf => any_of(&operand, &filter.values, parameters),
                comparison => condition(&operand, comparison, filter.value(), parameters),
            });
        }
        if let Some(up_to) = self.read.up_to {
            terms.push(self.beyond(up_to, parameters, "<", "<="));
        }
        match stretch {
            Stretch::Page => match self.read.after {
                Some(after) => terms.push(self.beyond(after, parameters, ">", ">")),
                None => terms.extend(self.nullable_keys().map(|key| slot("{x} is not null", &[("x", key)]))),
            },
            Stretch::Keyless => {
                let missing = self.nullable_keys().map(|key| slot("{x} is null", &[("x", key)]));
                terms.push(slot("({any})", &[("any", Slot::join(missing, " or "))]));
            }
            Stretch::At(key) => {
                terms.push(self.beyond(key, parameters, ">", ">="));
                terms.push(self.beyond(key, parameters, "<", "<="));
            }
        }
        Ok(terms)
    }

    fn nullable_keys(&self) -> impl Iterator<Item = Slot> {
        self.keys()
            .filter(|key| key.nullable)
            .filter_map(|key| order(&key.operand, key.wanted).into_iter().next())
    }

    /// Rows on one side of `key`.
    fn beyond(
        &self,
        key: &Key,
        parameters: &mut Parameters,
        before: &'static str,
        last: &'static str,
    ) -> Slot {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (column, value) in self.keys().zip(&key.0) {
            let (columns, values) = bounds(&column.operand, column.wanted, value, parameters);
            left.extend(columns);
            right.extend(values);
        }
        ordered(&left, &right, before, last)
    }
}

impl Reader<'_> {
    async fn page(mut self) -> Result<Page> {
        let top = self.top();
        let mut keyless = Vec::new();
        let read = self.question.read;
        if read.after.is_none() && self.question.asked.iter().any(|column| column.key && column.nullable) {
            keyless = self.fetch(&Stretch::Keyless, None).await?.rejected;
        }
        let mut fetched = self.fetch(&Stretch::Page, top).await?;
        let next = if fetched.more { fetched.last(read) } else { None };
        if let Some(last) = next.as_ref().filter(|_| !self.question.unique) {
            let ties = self.fetch(&Stretch::At(last), None).await?;
            fetched.put_last(last, ties, read);
        }
        if fetched.batch.rows() > 0 {
            *self.row_bytes = (fetched.batch.size() / fetched.batch.rows()).max(16);
        }
        keyless.append(&mut fetched.rejected);
        Ok(Page { batch: fetched.batch, rejected: keyless, next })
    }

    /// Rows to ask for at most; without a key everything comes at once.
    fn top(&self) -> Option<usize> {
        let read = self.question.read;
        if read.key.is_empty() {
            return None;
        }
        let by_bytes = read.bytes.map(|bytes| (bytes / *self.row_bytes).max(1));
        read.rows.into_iter().chain(by_bytes).min()
    }

    /// Runs one statement, and once more with the bytes of texts where a letter is in doubt.
    async fn fetch(&mut self, stretch: &Stretch<'_>, top: Option<usize>) -> Result<Fetched> {
        let fetched = self.run(stretch, top).await?;
        // Babelfish stores UTF-8: U+FFFD there is the letter itself.
        if !fetched.doubtful || self.question.babelfish {
            return Ok(fetched);
        }
        for column in &mut self.question.asked {
            column.raw =
                matches!(column.operand.native.family, Family::NChar | Family::NVarChar | Family::NText);
        }
        let exact = self.run(stretch, top).await;
        self.question.asked.iter_mut().for_each(|column| column.raw = false);
        exact
    }

    async fn run(&mut self, stretch: &Stretch<'_>, top: Option<usize>) -> Result<Fetched> {
        let Question { read, asked, .. } = &self.question;
        let (sql, parameters) = self.question.statement(stretch, top)?;
        let parameters: Vec<&dyn ToSql> = parameters.0.iter().map(|one| one as &dyn ToSql).collect();
        let mut fetched = Fetched {
            batch: Batch::new(asked.iter().map(|column| column.wanted)),
            rejected: Vec::new(),
            ends_rejected: false,
            rows: 0,
            more: false,
            doubtful: false,
        };
        // Twice the bytes asked for: rows that were much larger than those before them.
        let most = read.bytes.filter(|_| top.is_some()).map(|bytes| bytes * 2);
        let mut rows = self.wire.query(sql, &parameters).await?.into_row_stream();
        while let Some(row) = rows.try_next().await? {
            let heavy = || fetched.rows > 0 && most.is_some_and(|most| fetched.batch.size() > most);
            if top.is_some_and(|top| fetched.rows >= top) || heavy() {
                fetched.more = true;
                break;
            }
            fetched.take(&row, asked, read);
        }
        Ok(fetched)
    }
}

impl Shape {
    fn operand(&self, column: &ColumnRef, babelfish: bool) -> Result<(Operand, bool)> {
        let name = match column {
            ColumnRef::Named(name) => name,
            ColumnRef::Locator if babelfish => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "Babelfish does not tell where a row lies: the table needs a key",
                ));
            }
            ColumnRef::Locator => {
                let native = NativeType { family: Family::BigInt, ..NativeType::CLR };
                let sql = slot(LOCATOR.trim_end(), &[("place", Slot::fixed("r.%%physloc%%"))]);
                return Ok((Operand { sql, native, binary: false }, false));
            }
        };
        let found = self.columns.iter().find(|(known, _)| known.name == *name);
        found.map(|(known, operand)| (operand.clone(), known.nullable)).ok_or_else(|| {
            Error::new(ErrorKind::Missing, format!("there is no column `{name}`")).in_column(name)
        })
    }

    fn tells_apart(&self, key: &[&ColumnRef]) -> bool {
        let has = |column: &String| key.iter().any(|part| part.name() == column);
        key.contains(&&ColumnRef::Locator) || self.unique.iter().any(|unique| unique.iter().all(has))
    }
}

/// The expression that brings a column's values in a form that loses nothing: the driver has money as float.
fn selected(column: &Asked<'_>) -> Slot {
    let template = match column.operand.native.family {
        _ if column.raw => "cast({x} as varbinary(max))",
        Family::Money | Family::SmallMoney => "cast({x} as decimal(19,4))",
        Family::Text => "cast({x} as varchar(max))",
        Family::NText | Family::Xml | Family::Variant | Family::Clr => "cast({x} as nvarchar(max))",
        Family::Image => "cast({x} as varbinary(max))",
        Family::Spatial => "{x}.ToString()",
        _ => "{x}",
    };
    slot(template, &[("x", column.operand.sql.clone())])
}

impl Fetched {
    /// Takes a row into the batch, or sets it aside with the reason.
    fn take(&mut self, row: &Row, asked: &[Asked<'_>], read: &Read<'_>) {
        self.rows += 1;
        let mut unfit = None;
        for (column, (target, (_, data))) in asked.iter().zip(self.batch.columns.iter_mut().zip(row.cells()))
        {
            self.doubtful |= matches!(data, ColumnData::String(Some(text)) if text.contains('\u{fffd}'));
            if let Err(reason) = take_cell(target, data, column, read) {
                unfit = Some((column.name, reason));
                break;
            }
        }
        match unfit {
            None => {
                self.batch.end_row();
                self.ends_rejected = false;
            }
            Some((column, reason)) => {
                self.batch.abandon_row();
                self.ends_rejected = true;
                let key = key_of(row, asked, read);
                self.rejected.push(Rejected { key, column: column.to_owned(), reason });
            }
        }
    }

    /// The key of the last row.
    fn last(&self, read: &Read<'_>) -> Option<Key> {
        if self.ends_rejected {
            return self.rejected.last().map(|rejected| rejected.key.clone());
        }
        self.batch.rows().checked_sub(1).map(|at| self.batch.key(read.key, at))
    }

    /// Replaces the rows with key `last` by all the rows that have it.
    fn put_last(&mut self, last: &Key, ties: Self, read: &Read<'_>) {
        let rows = self.batch.rows();
        let keep = (0..rows).rev().find(|at| self.batch.key(read.key, *at) != *last).map_or(0, |at| at + 1);
        let mut batch = Batch::new(read.columns.iter().map(|column| &column.wanted));
        batch.extend(&self.batch, 0, keep);
        batch.extend(&ties.batch, 0, ties.batch.rows());
        self.batch = batch;
        self.rejected.retain(|rejected| rejected.key != *last);
        self.rejected.extend(ties.rejected);
    }
}

fn take_cell(
    target: &mut model::Column,
    data: &ColumnData<'static>,
    column: &Asked<'_>,
    read: &Read<'_>,
) -> std::result::Result<(), Misfit> {
    let rules = Coercion { zone: read.zone, null_texts: column.null_texts };
    let text = match decode::cell(data) {
        model::Cell::Null if column.key => return Err(Misfit::NullKey),
        model::Cell::Null if column.required => return Err(Misfit::Null),
        model::Cell::Bytes(bytes) if column.raw => Some(decode::utf16(bytes).ok_or(Misfit::NotUtf8)?),
        _ => None,
    };
    let cell = match &text {
        Some(text) => model::Cell::Text(text),
        None => decode::cell(data),
    };
    let cell = match cell {
        model::Cell::Text(text) if column.padded => model::Cell::Text(text.trim_end_matches(' ')),
        other => other,
    };
    let before = target.len();
    decode::push(target, cell, column.wanted, rules)?;
    // A text that means NULL became one.
    if column.required && matches!(target.cell(before), model::Cell::Null) {
        return Err(Misfit::Null);
    }
    Ok(())
}

/// The key of a row as far as it can be read.
fn key_of(row: &Row, asked: &[Asked<'_>], read: &Read<'_>) -> Key {
    let part = |at: &usize| {
        let mut column = model::Column::new(asked[*at].wanted);
        let data = row.cells().nth(*at).map(|(_, data)| data);
        let Some(data) = data else { return Value::Null };
        match take_cell(&mut column, data, &asked[*at], read) {
            Ok(()) => column.value(0),
            Err(_) => decode::value(data),
        }
    };
    Key(read.key.iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_row_is_a_number_in_page_order() {
        let sql = slot(LOCATOR.trim_end(), &[("place", Slot::fixed("r.%%physloc%%"))]);
        assert!(
            sql.as_str().starts_with("convert(bigint, substring(r.%%physloc%%, 6, 1)"),
            "{}",
            sql.as_str()
        );
    }

    #[test]
    fn money_is_read_as_the_decimal_that_it_is() {
        let column = Asked {
            name: "tutar",
            wanted: &DataType::Decimal(None),
            required: false,
            null_texts: &[],
            operand: Operand {
                sql: of_row("tutar").unwrap(),
                native: NativeType::parse("money").unwrap(),
                binary: false,
            },
            nullable: true,
            key: false,
            padded: false,
            raw: false,
        };
        assert_eq!(selected(&column).as_str(), "cast(r.\"tutar\" as decimal(19,4))");
    }
}
