//! The temporary table through which changes go, and how its rows are compared with the table's.

use model::{Batch, ErrorKind, Generated, Value};

use super::{
    Postgres, QUOTING,
    encode::Form,
    introspect::{self, Attribute, Found, needs_cast},
    types::{Class, Native, Wire},
};
use crate::{
    ColumnRef, Error, Result, Write,
    sql::{Slot, render, slot},
};

// Expressions, not statements; each is one line, so a file of its own would hide it.
const OURS: &str = "t.{name}";
const THEIRS: &str = "s.{name}";
const COLUMN: &str = "{name} {type}";
const CAST: &str = "{value}::{type}";
const COLLATE: &str = "{value} collate {collation}";
const ASSIGNED: &str = "{name} = {value}";
const EQUAL: &str = "{ours} = {theirs}";
const EQUAL_TEXT: &str = "{ours} = {theirs} and {ours}::text collate \"C\" = {theirs}::text collate \"C\"";
const BETWEEN: &str = "{ours} between {low} and {high}";
const DISTINCT: &str = "{ours} is distinct from {theirs}";
const DISTINCT_TEXT: &str = "{ours}::text collate \"C\" is distinct from {theirs}::text collate \"C\"";
const DISTINCT_FLOAT4: &str = "float4send({ours}) is distinct from float4send({theirs})";
const DISTINCT_FLOAT8: &str = "float8send({ours}) is distinct from float8send({theirs})";

/// A column that is written.
pub(super) struct Target {
    /// `None`: the row's place.
    attribute: Option<Attribute>,
    pub(super) form: Form,
    /// Its name in the temporary table.
    staged: Slot,
}

/// The columns of a write.
pub(super) struct Layout<'a> {
    write: &'a Write<'a>,
    pub(super) table: Slot,
    pub(super) targets: Vec<Target>,
}

impl<'a> Layout<'a> {
    /// # Errors
    /// `Missing`; `Schema` for a column that the database computes; `Unsupported` for one whose type rounds.
    pub(super) async fn of(session: &mut Postgres, write: &'a Write<'a>) -> Result<Self> {
        let found = introspect::find(&mut session.connection, &write.table.name).await?;
        let attributes = introspect::attributes(&mut session.connection, found.oid).await?;
        Self::new(write, &found, &attributes)
    }

    pub(super) fn new(write: &'a Write<'a>, found: &Found, attributes: &[Attribute]) -> Result<Self> {
        let target = |(place, column): (usize, &ColumnRef)| {
            let staged = QUOTING.name(&format!("c{place}"))?;
            let attribute = match column {
                ColumnRef::Named(name) => Some(writable(attributes, name)?),
                ColumnRef::Locator if found.divided => {
                    let what = "its rows have no place of their own: it is made of several tables";
                    return Err(Error::new(ErrorKind::Unsupported, what));
                }
                ColumnRef::Locator => None,
            };
            let place = Native { wire: Wire::Tid, data_type: model::DataType::INT64, class: Class::Plain };
            let form = Form::of(attribute.as_ref().map_or(&place, |attribute| &attribute.native));
            Ok(Target { attribute, form, staged })
        };
        let targets = write.columns.iter().enumerate().map(target).collect::<Result<_>>()?;
        Ok(Self { write, table: QUOTING.table(&found.name)?, targets })
    }

    /// Whether COPY's binary form has all columns.
    pub(super) fn is_direct(&self) -> bool {
        self.targets.iter().all(|target| target.wire() != Wire::Other)
    }

    /// The name of the place that a row's locator has in a table: none can be added with one.
    pub(super) fn has_locator(&self) -> bool {
        self.targets.iter().any(|target| target.attribute.is_none())
    }

    /// The table's columns that are written, in order.
    pub(super) fn names(&self) -> Result<Slot> {
        QUOTING.names(self.named().map(|(attribute, _)| attribute.name.as_str()))
    }

    /// Their values.
    pub(super) fn values(&self) -> Slot {
        Slot::join(self.named().map(|(_, target)| target.theirs()), ", ")
    }

    fn named(&self) -> impl Iterator<Item = (&Attribute, &Target)> {
        self.targets.iter().filter_map(|target| Some((target.attribute.as_ref()?, target)))
    }

    /// The columns that are compared and changed.
    fn changing(&self) -> impl Iterator<Item = (&Attribute, &Target)> {
        let write = self.write;
        let changes = move |place: &usize| !write.key.contains(place) && !write.insert_only.contains(place);
        let places = (0..self.targets.len()).filter(changes);
        places.filter_map(|place| Some((self.targets[place].attribute.as_ref()?, &self.targets[place])))
    }

    pub(super) fn changes_nothing(&self) -> bool {
        self.changing().next().is_none()
    }

    pub(super) fn assignments(&self) -> Result<Slot> {
        let assigned = self.changing().map(|(attribute, target)| {
            Ok(slot(ASSIGNED, &[("name", QUOTING.name(&attribute.name)?), ("value", target.theirs())]))
        });
        Ok(Slot::join(assigned.collect::<Result<Vec<_>>>()?, ", "))
    }

    /// Whether a row of the table differs from that of the temporary table.
    pub(super) fn differs(&self) -> Result<Slot> {
        let terms = self.changing().map(|(_, target)| target.distinct()).collect::<Result<Vec<_>>>()?;
        Ok(if terms.is_empty() { Slot::fixed("false") } else { Slot::balanced(&terms, " or ") })
    }

    /// Whether a row of the table is that of the temporary table. With `rows`, where in the table they lie, so that
    /// the server looks nowhere else.
    pub(super) fn matches(&self, rows: Option<&Batch>) -> Result<Slot> {
        let mut terms =
            self.write.key.iter().map(|place| self.targets[*place].equal()).collect::<Result<Vec<_>>>()?;
        if let Some(between) = rows.map(|rows| self.between(rows)).transpose()?.flatten() {
            terms.push(between);
        }
        Ok(Slot::join(terms, " and "))
    }

    /// The range of the key's first column, when it is a whole number.
    fn between(&self, rows: &Batch) -> Result<Option<Slot>> {
        let Some(place) = self.write.key.first() else { return Ok(None) };
        let target = &self.targets[*place];
        if !matches!(target.wire(), Wire::Int2 | Wire::Int4 | Wire::Int8) {
            return Ok(None);
        }
        let numbers = (0..rows.rows()).filter_map(|row| match rows.columns[*place].value(row) {
            Value::Int(number) => Some(number),
            _ => None,
        });
        let range = numbers.fold(None, |range: Option<(i64, i64)>, number| match range {
            None => Some((number, number)),
            Some((low, high)) => Some((low.min(number), high.max(number))),
        });
        let Some((low, high)) = range else { return Ok(None) };
        let slots = [("ours", target.ours()?), ("low", Slot::number(low)), ("high", Slot::number(high))];
        Ok(Some(slot(BETWEEN, &slots)))
    }

    /// What is NULL where the table has no such row.
    pub(super) fn presence(&self) -> Result<Slot> {
        match self.write.key.first() {
            Some(place) => self.targets[*place].ours(),
            None => Err(Error::new(ErrorKind::Schema, "the write has no key to find rows by")),
        }
    }

    /// Makes the temporary table empty and ready; returns its name.
    pub(super) async fn prepare(&self, session: &mut Postgres) -> Result<Slot> {
        let (stage, columns) = self.stage()?;
        let template = match session.staged.insert(stage.as_str().to_owned()) {
            true => include_str!("sql/stage.sql"),
            false => include_str!("sql/stage_again.sql"),
        };
        let slots = [("stage", stage.clone()), ("columns", columns)];
        session.connection.run(&render(template, &slots)).await?;
        Ok(stage)
    }

    /// Name and columns of the temporary table: two writes of the same columns share it.
    pub(super) fn stage(&self) -> Result<(Slot, Slot)> {
        let columns = Slot::join(self.targets.iter().map(Target::staged_column), ", ");
        let name = format!("stage_{:016x}", fnv(columns.as_str().as_bytes()));
        Ok((QUOTING.name(&name)?, columns))
    }

    /// The table's column behind the temporary table's.
    pub(super) fn real_column(&self, staged: &str) -> Option<&str> {
        let place: usize = staged.strip_prefix('c')?.parse().ok()?;
        Some(self.write.columns.get(place)?.name())
    }
}

fn writable(attributes: &[Attribute], name: &str) -> Result<Attribute> {
    let refused = |kind, what: String| Err(Error::new(kind, what).in_column(name));
    match attributes.iter().find(|attribute| attribute.name == name) {
        None => refused(ErrorKind::Missing, format!("there is no column `{name}`")),
        Some(attribute) if attribute.generated == Generated::Computed => {
            refused(ErrorKind::Schema, format!("the database computes `{name}` by itself"))
        }
        // The server would round without a word, whatever way the value comes.
        Some(attribute) if attribute.native.wire == Wire::Other && attribute.cast == "numeric" => {
            refused(ErrorKind::Unsupported, format!("`{name}` rounds before the decimal point"))
        }
        Some(attribute) => Ok(attribute.clone()),
    }
}

impl Target {
    fn wire(&self) -> Wire {
        self.attribute.as_ref().map_or(Wire::Tid, |attribute| attribute.native.wire)
    }

    fn ours(&self) -> Result<Slot> {
        Ok(match &self.attribute {
            Some(attribute) => slot(OURS, &[("name", QUOTING.name(&attribute.name)?)]),
            None => Slot::fixed("t.ctid"),
        })
    }

    fn theirs(&self) -> Slot {
        let plain = slot(THEIRS, &[("name", self.staged.clone())]);
        match &self.attribute {
            Some(attribute) if needs_cast(attribute) => {
                slot(CAST, &[("value", plain), ("type", Slot::native_type(&attribute.cast))])
            }
            _ => plain,
        }
    }

    fn equal(&self) -> Result<Slot> {
        let mut theirs = self.theirs();
        let mut exact = false;
        if let Some(attribute) = &self.attribute {
            if let Some(collation) = &attribute.collation {
                theirs = slot(COLLATE, &[("value", theirs), ("collation", QUOTING.table(collation)?)]);
            }
            exact = attribute.vague || attribute.native.class == Class::Cast;
        }
        let template = if exact { EQUAL_TEXT } else { EQUAL };
        Ok(slot(template, &[("ours", self.ours()?), ("theirs", theirs)]))
    }

    fn distinct(&self) -> Result<Slot> {
        let template = match self.wire() {
            Wire::Float4 => DISTINCT_FLOAT4,
            Wire::Float8 => DISTINCT_FLOAT8,
            Wire::Text | Wire::Other | Wire::Jsonb => DISTINCT_TEXT,
            Wire::Json => include_str!("sql/distinct_json.sql"),
            _ => DISTINCT,
        };
        Ok(slot(template, &[("ours", self.ours()?), ("theirs", self.theirs())]))
    }

    fn staged_column(&self) -> Slot {
        let padded = self.attribute.as_ref().is_some_and(|attribute| attribute.native.class == Class::Padded);
        let native = match self.wire() {
            Wire::Text if padded => "bpchar",
            Wire::Text | Wire::Other => "text",
            Wire::Bool => "bool",
            Wire::Int2 => "int2",
            Wire::Int4 => "int4",
            Wire::Int8 => "int8",
            Wire::Float4 => "float4",
            Wire::Float8 => "float8",
            Wire::Numeric => "numeric",
            Wire::Bytes => "bytea",
            Wire::Date => "date",
            Wire::Time => "time",
            Wire::Timestamp => "timestamp",
            Wire::Instant => "timestamptz",
            Wire::Uuid => "uuid",
            Wire::Json => "json",
            Wire::Jsonb => "jsonb",
            Wire::Tid => "tid",
        };
        slot(COLUMN, &[("name", self.staged.clone()), ("type", Slot::fixed(native))])
    }
}

/// A number that tells texts apart, the same in every version of this program.
///
/// **Source**: Fowler, Noll, Vo: FNV-1a, 64 bits.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
