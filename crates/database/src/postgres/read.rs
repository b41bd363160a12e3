//! Pages of rows by keyset: `COPY (select ... order by key limit n) TO STDOUT`, decoded while it streams.

use model::{DataType, ErrorKind, Key, Misfit, Page, Rejected, Value};

use super::{
    Postgres, QUOTING,
    connect::Connection,
    decode::{Decoder, Field},
    encode::tid,
    introspect::{self, Attribute, Found},
    literal::{self, Side},
    types::{Class, Native, Wire},
};
use crate::{
    ColumnRead, ColumnRef, Comparison, Condition, Error, Read, Relation, Result,
    sql::{Slot, render, slot},
};

/// Rows of the first page of a table whose rows' size is not known.
const FIRST_ROWS: usize = 1000;
/// Rows that a block of the table is reckoned to hold.
const ROWS_PER_BLOCK: usize = 64;
/// What to read besides, in percent, so that pages are rarely cut short by a wrong guess of the rows' size.
const MARGIN_PERCENT: usize = 125;

// Expressions and clauses, not statements; each is one line, so a file of its own would hide it.
const CAST: &str = "{name}::{type}";
const COMPARED: &str = "{left} {operator} {right}";
const ROW: &str = "({values})";
const IS_NULL: &str = "{name} is null";
const IS_NOT_NULL: &str = "{name} is not null";
const ORDER: &str = "order by {keys}";
const LIMIT: &str = "limit {rows}";
const LIMIT_WITH_TIES: &str = "fetch first {rows} rows with ties";

/// What is known of the relation that was read last.
pub(super) struct Shape {
    relation: Relation,
    columns: Vec<Attribute>,
    unique: Vec<Vec<String>>,
    found: Option<Found>,
    /// Bytes of a row, as the pages so far had them.
    width: Option<usize>,
}

/// How a read becomes pages.
struct Plan<'a> {
    read: &'a Read<'a>,
    shape: &'a Shape,
    utf8: bool,
    /// The key's columns as they are compared.
    key: Vec<Side>,
    /// No two rows have the same key.
    unique: bool,
    /// Rows to ask for.
    rows: Option<usize>,
}

/// Blocks of a table: the first, and the one after the last.
#[derive(Clone, Copy)]
struct Blocks {
    from: u32,
    to: u32,
}

pub(super) async fn read(session: &mut Postgres, read: &Read<'_>) -> Result<Page> {
    let known = learn(session, read).await?;
    let shape = session.shape.insert(known);
    let plan = Plan::new(read, shape, session.connection.utf8)?;
    let outcome = match plan.by_place() {
        Some(found) => by_place(&mut session.connection, &plan, found.oid).await,
        None => by_key(&session.connection, &plan).await,
    };
    let (page, width) = outcome.map_err(|error| named(error, read.from))?;
    shape.width = width.or(shape.width);
    Ok(page)
}

/// The text of a page's statement, for tests that look at it. `key`: the table's primary key.
#[cfg(test)]
pub(super) fn statement(read: &Read<'_>, columns: Vec<Attribute>, key: &[&str]) -> Result<String> {
    let unique = vec![key.iter().map(ToString::to_string).collect()];
    let shape = Shape { relation: read.from.clone(), columns, unique, found: None, width: None };
    Plan::new(read, &shape, true)?.page_sql(None)
}

fn named(error: Error, from: &Relation) -> Error {
    match from {
        Relation::Table(table) => error.in_table(table),
        Relation::Query(_) => error,
    }
}

/// Looks the relation up, at each first page anew: it may have changed since.
async fn learn(session: &mut Postgres, read: &Read<'_>) -> Result<Shape> {
    let before = session.shape.take().filter(|shape| shape.relation == *read.from);
    let width = match before {
        Some(shape) if read.after.is_some() => return Ok(shape),
        Some(shape) => shape.width,
        None => None,
    };
    let connection = &mut session.connection;
    let relation = read.from.clone();
    Ok(match read.from {
        Relation::Query(query) => {
            let columns = introspect::query_attributes(connection, query).await?;
            Shape { relation, columns, unique: Vec::new(), found: None, width }
        }
        Relation::Table(table) => {
            let found = introspect::find(connection, table).await?;
            let columns = introspect::attributes(connection, found.oid).await?;
            let keys = introspect::keys(connection, found.oid).await?;
            let unique = keys.into_iter().map(|key| key.columns).collect();
            Shape { relation, columns, unique, found: Some(found), width }
        }
    })
}

impl Shape {
    fn column(&self, name: &str) -> Result<&Attribute> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| {
            let what = match &self.relation {
                Relation::Table(table) => format!("`{table}` has no column `{name}`"),
                Relation::Query(_) => format!("the query has no column `{name}`"),
            };
            Error::new(ErrorKind::Missing, what).in_column(name)
        })
    }

    fn native(&self, column: &ColumnRef) -> Result<Native> {
        match column {
            ColumnRef::Named(name) => Ok(self.column(name)?.native.clone()),
            ColumnRef::Locator => match &self.found {
                Some(found) if !found.divided => {
                    Ok(Native { wire: Wire::Tid, data_type: DataType::INT64, class: Class::Plain })
                }
                _ => Err(Error::new(
                    ErrorKind::Unsupported,
                    "its rows have no place of their own: it is made of several tables",
                )),
            },
        }
    }
}

impl<'a> Plan<'a> {
    fn new(read: &'a Read<'a>, shape: &'a Shape, utf8: bool) -> Result<Self> {
        let key =
            read.key.iter().map(|place| side(shape, &read.columns[*place], utf8)).collect::<Result<_>>()?;
        let plan = Self { read, shape, utf8, key, unique: false, rows: None };
        Ok(Self { unique: plan.is_unique(), rows: plan.rows_to_ask(), ..plan })
    }

    fn key_columns(&self) -> impl Iterator<Item = &'a ColumnRead> {
        let columns = self.read.columns;
        self.read.key.iter().map(move |place| &columns[*place])
    }

    fn is_unique(&self) -> bool {
        let is_key = |name: &String| self.key_columns().any(|read| read.column.name() == name);
        let by_place = self.key_columns().any(|read| read.column == ColumnRef::Locator);
        by_place || self.shape.unique.iter().any(|columns| columns.iter().all(is_key))
    }

    fn rows_to_ask(&self) -> Option<usize> {
        let guess = match (self.read.bytes, self.shape.width) {
            // Without a key there is only one page.
            _ if self.key.is_empty() => None,
            (None, _) => None,
            (Some(_), None) => Some(FIRST_ROWS),
            (Some(bytes), Some(width)) => Some(bytes / width.max(1) * MARGIN_PERCENT / 100 + 1),
        };
        match (self.read.rows, guess) {
            (Some(rows), Some(guess)) => Some(rows.min(guess)),
            (rows, guess) => rows.or(guess),
        }
    }

    /// The table, when its rows are read by their place alone.
    fn by_place(&self) -> Option<&'a Found> {
        let alone = self.key_columns().map(|read| &read.column).eq([&ColumnRef::Locator]);
        self.shape.found.as_ref().filter(|_| alone)
    }

    fn decoder(&self) -> Result<Decoder<'a>> {
        let field = |read: &'a ColumnRead| Ok(Field::new(read, &self.shape.native(&read.column)?));
        let fields = self.read.columns.iter().map(field).collect::<Result<_>>()?;
        let mut decoder = Decoder::new(fields, self.read.key, self.read.zone);
        if self.unique {
            decoder.rows_max = self.rows.unwrap_or(usize::MAX);
            decoder.bytes_max = self.read.bytes.unwrap_or(usize::MAX);
        }
        Ok(decoder)
    }

    fn columns(&self) -> Result<Slot> {
        let column = |read: &ColumnRead| match &read.column {
            ColumnRef::Locator => Ok(Slot::fixed("ctid")),
            ColumnRef::Named(name) => {
                let (name, wire) = (QUOTING.name(name)?, self.shape.column(name)?.native.wire);
                Ok(match wire {
                    Wire::Other => literal::text_form(name),
                    _ => slot(CAST, &[("name", name), ("type", Slot::fixed(sent_as(wire)))]),
                })
            }
        };
        Ok(Slot::join(self.read.columns.iter().map(column).collect::<Result<Vec<_>>>()?, ", "))
    }

    fn relation(&self) -> Result<Slot> {
        match self.read.from {
            Relation::Table(table) => QUOTING.table(table),
            Relation::Query(query) => {
                Ok(slot(include_str!("sql/subquery.sql"), &[("query", Slot::query(query))]))
            }
        }
    }

    fn page_sql(&self, blocks: Option<Blocks>) -> Result<String> {
        let limit = match (self.rows, self.unique) {
            (None, _) => Slot::fixed(""),
            _ if self.key.is_empty() => slot(LIMIT, &[("rows", number(self.rows.unwrap_or_default()))]),
            // One more, which tells whether another page follows.
            (Some(rows), true) => slot(LIMIT, &[("rows", number(rows.saturating_add(1)))]),
            (Some(rows), false) => slot(LIMIT_WITH_TIES, &[("rows", number(rows))]),
        };
        let keys = Slot::join(self.key.iter().map(|side| side.expression.clone()), ", ");
        let order = if self.key.is_empty() { Slot::fixed("") } else { slot(ORDER, &[("keys", keys)]) };
        let slots = [
            ("columns", self.columns()?),
            ("relation", self.relation()?),
            ("conditions", Slot::join(self.conditions(blocks)?, " and ")),
            ("order", order),
            ("limit", limit),
        ];
        Ok(render(include_str!("sql/page.sql"), &slots))
    }

    fn conditions(&self, blocks: Option<Blocks>) -> Result<Vec<Slot>> {
        let mut all = self.filter()?;
        if let Some(after) = self.read.after {
            all.push(self.compared(">", after)?);
        }
        if let Some(up_to) = self.read.up_to {
            all.push(self.compared("<=", up_to)?);
        }
        for name in self.nullable_key() {
            all.push(slot(IS_NOT_NULL, &[("name", QUOTING.name(name)?)]));
        }
        if let Some(blocks) = blocks {
            let place = literal::locator();
            let bound = |block: u32| place.literal(&Value::Int(i64::from(block) << 16), self.read.zone);
            all.push(compare(&place.expression, ">=", &bound(blocks.from)?));
            all.push(compare(&place.expression, "<", &bound(blocks.to)?));
        }
        Ok(all)
    }

    fn filter(&self) -> Result<Vec<Slot>> {
        let always = std::iter::once(Ok(Slot::fixed("true")));
        always.chain(self.read.filter.iter().map(|condition| self.condition(condition))).collect()
    }

    fn condition(&self, condition: &Condition) -> Result<Slot> {
        let column = self.shape.column(&condition.column)?;
        let name = || Ok::<_, Error>(("name", QUOTING.name(&condition.column)?));
        let operator = match condition.comparison {
            Comparison::IsNull => return Ok(slot(IS_NULL, &[name()?])),
            Comparison::IsNotNull => return Ok(slot(IS_NOT_NULL, &[name()?])),
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
            Comparison::AnyOf if condition.values.is_empty() => return Ok(Slot::fixed("false")),
            Comparison::AnyOf => "in",
        };
        let side = match condition.comparison {
            Comparison::Equal | Comparison::NotEqual | Comparison::AnyOf => {
                literal::equal(column, self.utf8)?
            }
            _ => literal::ordered(column, false, self.utf8)?,
        };
        let literal =
            |value| side.literal(value, self.read.zone).map_err(|error| error.in_column(&condition.column));
        let right = match condition.comparison {
            Comparison::AnyOf => {
                let literals = condition.values.iter().map(literal).collect::<Result<Vec<_>>>()?;
                slot(ROW, &[("values", Slot::join(literals, ", "))])
            }
            _ => literal(condition.value())?,
        };
        Ok(compare(&side.expression, operator, &right))
    }

    /// The key compared with `key`, column by column from the first.
    fn compared(&self, operator: &'static str, key: &Key) -> Result<Slot> {
        if key.0.len() != self.key.len() {
            return Err(Error::new(ErrorKind::Internal, "a key to read after has another number of columns"));
        }
        let literals = self.key.iter().zip(&key.0).map(|(side, value)| side.literal(value, self.read.zone));
        let right = tuple(literals.collect::<Result<Vec<_>>>()?);
        let left = tuple(self.key.iter().map(|side| side.expression.clone()).collect());
        Ok(compare(&left, operator, &right))
    }

    /// Columns of the key that may be NULL.
    fn nullable_key(&self) -> impl Iterator<Item = &str> {
        let names = self.key_columns().map(|read| &read.column).filter_map(|column| match column {
            ColumnRef::Named(name) => Some(name.as_str()),
            ColumnRef::Locator => None,
        });
        names.filter(|name| self.shape.column(name).is_ok_and(|column| column.nullable))
    }

    fn page(&self, decoder: Decoder<'_>) -> (Page, Option<usize>) {
        let width = (decoder.rows > 0).then(|| decoder.bytes.div_ceil(decoder.rows));
        let full = !self.unique && self.rows.is_some_and(|rows| decoder.rows >= rows);
        let follows = !self.key.is_empty() && (decoder.more || full);
        let (batch, rejected, last) = decoder.finish();
        (Page { batch, rejected, next: last.filter(|_| follows) }, width)
    }
}

async fn by_key(connection: &Connection, plan: &Plan<'_>) -> Result<(Page, Option<usize>)> {
    let mut without = Vec::new();
    if plan.read.after.is_none() && plan.nullable_key().next().is_some() {
        without = rows_without_key(connection, plan).await?;
    }
    let mut decoder = plan.decoder()?;
    fetch(connection, &plan.page_sql(None)?, &mut decoder).await?;
    let (mut page, width) = plan.page(decoder);
    page.rejected.splice(0..0, without);
    Ok((page, width))
}

/// Rows by their place, a stretch of blocks at a time: the server sorts only what a page needs.
async fn by_place(connection: &mut Connection, plan: &Plan<'_>, oid: u32) -> Result<(Page, Option<usize>)> {
    let rows = connection.query(include_str!("sql/blocks.sql"), &[&oid]).await?;
    let blocks: i64 = rows.first().map_or(Ok(0), |row| introspect::get(row, 0))?;
    let last = block(plan.read.up_to)?.map_or(u32::MAX, |block| block.saturating_add(1));
    let end = u32::try_from(blocks).unwrap_or(u32::MAX).min(last);
    let step =
        plan.rows.map_or(u32::MAX, |rows| u32::try_from(rows / ROWS_PER_BLOCK + 1).unwrap_or(u32::MAX));
    let mut from = block(plan.read.after)?.unwrap_or(0);
    loop {
        let to = from.saturating_add(step).min(end).max(from);
        let mut decoder = plan.decoder()?;
        fetch(connection, &plan.page_sql(Some(Blocks { from, to }))?, &mut decoder).await?;
        let empty = decoder.rows == 0;
        let (mut page, width) = plan.page(decoder);
        if to >= end || page.next.is_some() {
            return Ok((page, width));
        }
        if !empty {
            page.next = Some(Key(vec![Value::Int((i64::from(to) << 16) - 1)]));
            return Ok((page, width));
        }
        from = to;
    }
}

fn block(key: Option<&Key>) -> Result<Option<u32>> {
    match key.map(|key| key.0.as_slice()) {
        None => Ok(None),
        Some([Value::Int(place)]) if tid(*place).is_some() => Ok(tid(*place).map(|(block, _)| block)),
        Some(_) => Err(Error::new(ErrorKind::Conversion, "a place of a row is one whole number")),
    }
}

/// Runs a COPY and decodes what arrives until the page is full; what still comes is thrown away.
async fn fetch(connection: &Connection, sql: &str, decoder: &mut Decoder<'_>) -> Result<()> {
    connection.copy_out(sql, |message| decoder.feed(message)).await?;
    match decoder.more || decoder.is_complete() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::Internal, "the server's answer ended in the middle of a row")),
    }
}

/// The rows whose key holds a NULL: no page could ever reach them.
async fn rows_without_key(connection: &Connection, plan: &Plan<'_>) -> Result<Vec<Rejected>> {
    let wanted: Vec<ColumnRead> =
        plan.key_columns().map(|read| ColumnRead { required: false, ..read.clone() }).collect();
    let places: Vec<usize> = (0..wanted.len()).collect();
    let keys = Read {
        columns: &wanted,
        key: &places,
        after: None,
        up_to: None,
        rows: None,
        bytes: None,
        ..*plan.read
    };
    let part = Plan { read: &keys, key: Vec::new(), rows: None, ..*plan };
    let is_null = plan.nullable_key().map(|name| Ok(slot(IS_NULL, &[("name", QUOTING.name(name)?)])));
    let slots = [
        ("columns", part.columns()?),
        ("relation", part.relation()?),
        ("conditions", Slot::join(part.filter()?, " and ")),
        ("nulls", Slot::join(is_null.collect::<Result<Vec<_>>>()?, " or ")),
    ];
    let sql = render(include_str!("sql/rows_without_key.sql"), &slots);
    let mut decoder = part.decoder()?;
    fetch(connection, &sql, &mut decoder).await?;
    let (batch, mut rejected, _) = decoder.finish();
    for row in 0..batch.rows() {
        let key = batch.key(&places, row);
        let column = key.0.iter().zip(&wanted).find(|(value, _)| value.is_null());
        let column = column.map_or_else(String::new, |(_, read)| read.column.name().to_owned());
        rejected.push(Rejected { key, column, reason: Misfit::NullKey });
    }
    Ok(rejected)
}

/// How a column of the key is compared, so that rows come in the order of the values that are handed out.
fn side(shape: &Shape, read: &ColumnRead, utf8: bool) -> Result<Side> {
    let ColumnRef::Named(name) = &read.column else {
        shape.native(&read.column)?;
        return Ok(literal::locator());
    };
    let column = shape.column(name)?;
    let natural = &column.native.data_type;
    let as_text = matches!(read.wanted, DataType::Text { .. }) && !matches!(natural, DataType::Text { .. });
    if !as_text && !keeps_order(natural, &read.wanted) {
        let what = format!("its order as {} is not its order as {}", natural.code(), read.wanted.code());
        return Err(Error::new(ErrorKind::Unsupported, what).in_column(name));
    }
    literal::ordered(column, as_text, utf8)
}

/// Whether values of type `natural` stay in order when they are converted.
fn keeps_order(natural: &DataType, wanted: &DataType) -> bool {
    let rank = |data_type: &DataType| match data_type {
        DataType::Bool | DataType::Int { .. } | DataType::Real { .. } | DataType::Decimal(_) => "number",
        DataType::Date { .. } | DataType::Timestamp { .. } | DataType::Instant { .. } => "date",
        other => other.code(),
    };
    *wanted == DataType::Any || rank(natural) == rank(wanted)
}

/// The type that a column is cast to, so that its bytes are what is expected even if the table changes meanwhile.
fn sent_as(wire: Wire) -> &'static str {
    match wire {
        Wire::Bool => "bool",
        Wire::Int2 => "int2",
        Wire::Int4 => "int4",
        Wire::Int8 => "int8",
        Wire::Float4 => "float4",
        Wire::Float8 => "float8",
        Wire::Numeric => "numeric",
        Wire::Text | Wire::Other => "text",
        Wire::Bytes => "bytea",
        Wire::Date => "date",
        Wire::Time => "time",
        Wire::Timestamp => "timestamp",
        Wire::Instant => "timestamptz",
        Wire::Uuid => "uuid",
        Wire::Json => "json",
        Wire::Jsonb => "jsonb",
        Wire::Tid => "tid",
    }
}

fn number(rows: usize) -> Slot {
    Slot::number(i64::try_from(rows).unwrap_or(i64::MAX))
}

fn compare(left: &Slot, operator: &'static str, right: &Slot) -> Slot {
    slot(COMPARED, &[("left", left.clone()), ("operator", Slot::fixed(operator)), ("right", right.clone())])
}

fn tuple(values: Vec<Slot>) -> Slot {
    match values.as_slice() {
        [one] => one.clone(),
        _ => slot(ROW, &[("values", Slot::join(values, ", "))]),
    }
}

/// Columns that a query of the user's yields.
pub(super) async fn query_columns(connection: &Connection, query: &str) -> Result<Vec<model::ColumnDef>> {
    let columns = introspect::query_attributes(connection, query).await?;
    Ok(columns.iter().map(Attribute::definition).collect())
}
