//! Insert, upsert and delete by bulk load.
//!
//! Rows go into a temporary table `#denk_stage` of the target's own types and collations (columns `c1`, `c2`, ...), and
//! from there by set statements. `insert` loads the target directly where the driver announces the types rightly and
//! nothing but plain columns is in the way. No MERGE: its defects are known and Babelfish has none.

use model::{Batch, ColumnDef, ErrorKind, Generated, Key, Misfit, TableKind, TableRef};
use tiberius::{SqlBulkCopyOption, SqlBulkCopyOptions};

use super::{
    Mssql, QUOTING,
    bulk::{self, Load},
    compare::{exact, same},
    connect::{Features, batch, numbers, parameter, rows},
    encode::{Target, encode},
    error::{misfit, unexpected},
    types::{Family, Length, NativeType},
};
use crate::{
    Applied, ColumnRef, Error, Result, Write,
    sql::{Quoting, Slot, render, slot},
};

/// The driver checks names in brackets only.
const BRACKETS: Quoting = Quoting { open: '[', close: ']', ..QUOTING };
const STAGE: &str = "#denk_stage";
/// Which rows of the stage are added.
pub(super) const ALL: &str = "";
pub(super) const NEW: &str = "where s.state is null";
/// Letters of the longest decimal, and more than those of a time.
const NUMBER_TEXT: u32 = 41;

/// How the columns of a batch lie in the table and in the stage.
pub(super) struct Plan<'a> {
    write: &'a Write<'a>,
    name: TableRef,
    columns: Vec<Place<'a>>,
}

/// One column of the batch.
struct Place<'a> {
    /// `None`: the row's place in the table.
    column: Option<&'a ColumnDef>,
    native: NativeType,
    code_page: u16,
    /// What the stage holds it as.
    staged: NativeType,
}

pub(super) async fn insert(session: &mut Mssql, write: &Write<'_>, rows: &Batch) -> Result<u64> {
    let plan = Plan::new(session, write)?;
    plan.check(rows)?;
    if rows.is_empty() {
        return Ok(0);
    }
    add(session, &plan, rows).await.map_err(|error| error.in_table(&plan.name))
}

async fn add(session: &mut Mssql, plan: &Plan<'_>, rows: &Batch) -> Result<u64> {
    let direct =
        plan.direct() && bulk::large_rows(rows).is_empty() && !has_triggers(session, &plan.name).await?;
    if direct { plan.load_table(session, rows).await } else { insert_staged(session, plan, rows).await }
}

/// Asked anew: a trigger may have come since the table was looked at, and Babelfish fires none for bulk loads.
async fn has_triggers(session: &mut Mssql, table: &TableRef) -> Result<bool> {
    let names = [parameter(table.schema.as_deref().unwrap_or_default()), parameter(&table.name)];
    Ok(!rows(&mut session.wire, include_str!("sql/has_triggers.sql"), &names).await?.is_empty())
}

async fn insert_staged(session: &mut Mssql, plan: &Plan<'_>, rows: &Batch) -> Result<u64> {
    plan.load_stage(session, rows).await?;
    let inserted = plan.insert_missing(session, ALL).await?;
    drop_stage(session).await?;
    Ok(inserted)
}

pub(super) async fn upsert(session: &mut Mssql, write: &Write<'_>, rows: &Batch) -> Result<Applied> {
    let plan = Plan::new(session, write)?;
    plan.check(rows)?;
    if rows.is_empty() {
        return Ok(Applied::default());
    }
    apply(session, &plan, rows).await.map_err(|error| error.in_table(&plan.name))
}

async fn apply(session: &mut Mssql, plan: &Plan<'_>, rows: &Batch) -> Result<Applied> {
    plan.load_stage(session, rows).await?;
    let found = numbers(&mut session.wire, &plan.compared()?).await?;
    let [present, different] = found[..] else { return Err(unexpected("the server sent no counts")) };
    // A statement that changes no row fires the table's triggers all the same: so none is sent.
    let updated = if different > 0 { count(session, &plan.update()?).await? } else { 0 };
    let missing = rows.rows() as u64 > present.cast_unsigned();
    let inserted = if missing { plan.insert_missing(session, NEW).await? } else { 0 };
    drop_stage(session).await?;
    Ok(Applied { inserted, updated, unchanged: rows.rows() as u64 - inserted - updated })
}

pub(super) async fn delete(session: &mut Mssql, write: &Write<'_>, keys: &Batch) -> Result<u64> {
    let plan = Plan::new(session, write)?;
    plan.check(keys)?;
    if keys.is_empty() {
        return Ok(0);
    }
    let deleted = async {
        plan.load_stage(session, keys).await?;
        let deleted = count(session, &plan.removal()?).await?;
        drop_stage(session).await?;
        Ok(deleted)
    };
    deleted.await.map_err(|error: Error| error.in_table(&plan.name))
}

async fn count(session: &mut Mssql, sql: &str) -> Result<u64> {
    let counted = numbers(&mut session.wire, sql).await?;
    Ok(counted.first().copied().unwrap_or(0).cast_unsigned())
}

async fn drop_stage(session: &mut Mssql) -> Result<()> {
    batch(&mut session.wire, include_str!("sql/drop_stage.sql")).await
}

impl<'a> Plan<'a> {
    fn new(session: &Mssql, write: &'a Write<'a>) -> Result<Self> {
        if write.table.kind == TableKind::View {
            return Err(Error::new(ErrorKind::Unsupported, "denk does not write to views")
                .in_table(&write.table.name));
        }
        Self::of(write, session.qualified(&write.table.name), &session.features)
    }

    /// `name`: the table's, with its schema.
    pub(super) fn of(write: &'a Write<'a>, name: TableRef, features: &Features) -> Result<Self> {
        let place = |column: &'a ColumnRef| match column {
            ColumnRef::Named(name) => place(write, name, features),
            ColumnRef::Locator if features.babelfish => Err(Error::new(
                ErrorKind::Unsupported,
                "Babelfish does not tell where a row lies: the table needs a key",
            )),
            ColumnRef::Locator => {
                let native = NativeType::plain(Family::BigInt);
                Ok(Place { column: None, native, code_page: 0, staged: native })
            }
        };
        let columns = write.columns.iter().map(place).collect::<Result<Vec<_>>>();
        let columns = columns.map_err(|error| error.in_table(&write.table.name))?;
        Ok(Self { write, name, columns })
    }

    /// Refuses the first row that cannot be sent as it is.
    fn check(&self, rows: &Batch) -> Result<()> {
        for (at, (place, column)) in self.columns.iter().zip(&rows.columns).enumerate() {
            // Against the table's own type: on the way from the stage a cast would cut and round in silence.
            let target = Target { native: place.native, code_page: place.code_page };
            let required = place.column.is_none_or(|column| !column.nullable);
            for row in 0..rows.rows() {
                let cell = column.cell(row);
                let reason = match cell {
                    model::Cell::Null if self.write.key.contains(&at) => Some(Misfit::NullKey),
                    model::Cell::Null if required => Some(Misfit::Null),
                    cell => encode(cell, target).err(),
                };
                if let Some(reason) = reason {
                    return Err(self.misfit(&reason, at, rows, row));
                }
            }
        }
        Ok(())
    }

    fn misfit(&self, reason: &Misfit, column: usize, rows: &Batch, row: usize) -> Error {
        let key = if self.write.key.is_empty() { Key(Vec::new()) } else { rows.key(self.write.key, row) };
        misfit(reason, &self.name, self.write.columns[column].name(), key)
    }

    /// Whether the table itself can be loaded.
    fn direct(&self) -> bool {
        let plain = |place: &Place<'_>| {
            place.column.is_some_and(|column| column.generated == Generated::No && speakable(&column.name))
                && place.staged == place.native
                && place.native.family != Family::Xml
        };
        // A column that is left out gets its default only where the server does not take it for an empty one.
        let whole =
            self.write.table.columns.iter().filter(|column| column.generated != Generated::Computed).count();
        self.columns.len() == whole && speakable(&self.name.name) && self.columns.iter().all(plain)
    }

    async fn load_table(&self, session: &mut Mssql, rows: &Batch) -> Result<u64> {
        let table = BRACKETS.table(&self.name)?;
        let columns =
            self.columns.iter().map(|place| BRACKETS.name(place.name())).collect::<Result<Vec<_>>>()?;
        let load = Load {
            table: table.as_str(),
            columns: columns.iter().map(Slot::as_str).collect(),
            // Without KEEP_NULLS a NULL would become the column's default; a trigger may come at this moment.
            options: SqlBulkCopyOption::KeepNulls
                | SqlBulkCopyOption::CheckConstraints
                | SqlBulkCopyOption::FireTriggers,
            targets: self.targets(),
        };
        load.send(&mut session.wire, rows, &[]).await
    }

    async fn load_stage(&self, session: &mut Mssql, rows: &Batch) -> Result<()> {
        batch(&mut session.wire, &self.stage()?).await?;
        let columns: Vec<Slot> = (0..self.columns.len()).map(staged_name).collect();
        let load = Load {
            table: STAGE,
            columns: columns.iter().map(Slot::as_str).collect(),
            options: SqlBulkCopyOptions::empty(),
            targets: self.targets(),
        };
        let large = bulk::large_rows(rows);
        load.send(&mut session.wire, rows, &large).await?;
        let natives: Vec<NativeType> = self.columns.iter().map(|place| place.staged).collect();
        for row in large {
            bulk::add_large(&mut session.wire, &natives, rows, row).await?;
        }
        Ok(())
    }

    fn targets(&self) -> Vec<Target> {
        self.columns.iter().map(Place::target).collect()
    }

    pub(super) fn stage(&self) -> Result<String> {
        let columns = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, place)| slot("{x} as {name}", &[("x", place.model()), ("name", staged_name(at))]));
        let slots = [("columns", Slot::join(columns, ", ")), ("table", QUOTING.table(&self.name)?)];
        Ok(render(include_str!("sql/stage.sql"), &slots))
    }

    /// Rows of the stage that are those of the table.
    fn matching(&self) -> Slot {
        let terms = self.write.key.iter().map(|at| {
            let place = &self.columns[*at];
            match place.column {
                Some(_) => same(&place.in_table(), &place.in_stage(*at), place.native),
                None => Slot::join([place.in_table(), place.in_stage(*at)], " = "),
            }
        });
        Slot::join(terms, " and ")
    }

    /// Places of the columns that an update writes.
    fn changing(&self) -> Vec<usize> {
        let fixed = |at: &usize| self.write.key.contains(at) || self.write.insert_only.contains(at);
        (0..self.columns.len()).filter(|at| !fixed(at)).collect()
    }

    pub(super) fn compared(&self) -> Result<String> {
        let changing = self.changing();
        let differs = if changing.is_empty() {
            Slot::fixed("1 = 0")
        } else {
            let all = |side: &dyn Fn(usize) -> Slot| {
                Slot::join(changing.iter().flat_map(|at| exact(&side(*at), self.columns[*at].native)), ", ")
            };
            let table = all(&|at| self.columns[at].in_table());
            let stage = all(&|at| self.columns[at].in_stage(at));
            slot(include_str!("sql/differs.sql").trim_end(), &[("table", table), ("stage", stage)])
        };
        let slots =
            [("table", QUOTING.table(&self.name)?), ("matching", self.matching()), ("differs", differs)];
        Ok(render(include_str!("sql/compare.sql"), &slots))
    }

    pub(super) fn update(&self) -> Result<String> {
        let set = self.changing().into_iter().map(|at| {
            let place = &self.columns[at];
            Ok(Slot::join([QUOTING.name(place.name())?, place.in_stage(at)], " = "))
        });
        let set = set.collect::<Result<Vec<_>>>()?;
        let slots = [
            ("table", QUOTING.table(&self.name)?),
            ("set", Slot::join(set, ", ")),
            ("matching", self.matching()),
        ];
        Ok(render(include_str!("sql/update.sql"), &slots))
    }

    pub(super) fn removal(&self) -> Result<String> {
        let slots = [("table", QUOTING.table(&self.name)?), ("matching", self.matching())];
        Ok(render(include_str!("sql/delete.sql"), &slots))
    }

    async fn insert_missing(&self, session: &mut Mssql, rows: &'static str) -> Result<u64> {
        if self.columns.iter().any(|place| place.column.is_none()) {
            return Err(Error::new(
                ErrorKind::Missing,
                "a row is no longer where it was, or was never there",
            ));
        }
        let inserted = count(session, &self.insertion(rows)?).await;
        if inserted.is_err() && self.is_numbered() {
            // The setting holds for one table at a time and outlives an error; if even this fails, so does what follows.
            let slots = [("table", QUOTING.table(&self.name)?)];
            let _ = batch(&mut session.wire, &render(include_str!("sql/identity_off.sql"), &slots)).await;
        }
        inserted
    }

    fn is_numbered(&self) -> bool {
        self.columns.iter().any(|place| place.column.is_some_and(|c| c.generated == Generated::Identity))
    }

    pub(super) fn insertion(&self, rows: &'static str) -> Result<String> {
        let names = QUOTING.names(self.columns.iter().map(Place::name))?;
        let values = (0..self.columns.len()).map(|at| self.columns[at].in_stage(at));
        let slots = [
            ("table", QUOTING.table(&self.name)?),
            ("columns", names),
            ("values", Slot::join(values, ", ")),
            ("where", Slot::fixed(rows)),
        ];
        let template = match self.is_numbered() {
            true => include_str!("sql/insert_numbered.sql"),
            false => include_str!("sql/insert.sql"),
        };
        Ok(render(template, &slots))
    }
}

fn place<'a>(write: &Write<'a>, name: &str, features: &Features) -> Result<Place<'a>> {
    let refused = |kind, what: &str| Err(Error::new(kind, format!("column `{name}` {what}")).in_column(name));
    let Some(column) = write.table.column(name) else { return refused(ErrorKind::Missing, "is not there") };
    if column.generated == Generated::Computed {
        return refused(ErrorKind::Schema, "is computed by the server and cannot be written");
    }
    let Some(native) = NativeType::parse(&column.native)
        .filter(|native| !native.family.is_other() || native.family == Family::Xml)
    else {
        return refused(ErrorKind::Unsupported, "is of a type that denk does not write");
    };
    let code_page = match &column.data_type {
        model::DataType::Text { traits, .. } => traits.code_page,
        _ => 0,
    };
    Ok(Place { column: Some(column), native, code_page, staged: staged(native, features) })
}

/// The type to load a column as: its own, unless the driver announces that one wrongly (`nvarchar(2001)` to
/// `nvarchar(4000)` as max, `nchar` with twice its length, `time` and `datetimeoffset` always with 7 digits or as many
/// as the server keeps, `smalldatetime` as `datetime`), takes a pointer along (`text`, `ntext`, `image`), or does not
/// say which code page it speaks in (`varchar`). Babelfish loses microseconds of times and adds digits to the
/// longest decimals: those go as text.
fn staged(native: NativeType, features: &Features) -> NativeType {
    let (family, length) = match (native.family, native.length) {
        (family, Length::Units(units)) if family.is_text() && units <= 2000 => {
            (Family::NVarChar, native.length)
        }
        (family, _) if family.is_text() || family == Family::Xml => (Family::NVarChar, Length::Max),
        (Family::Image, _) => (Family::VarBinary, Length::Max),
        (Family::Time, _) => (Family::NVarChar, Length::Units(NUMBER_TEXT)),
        (Family::Decimal, _) if native.precision == 38 && features.babelfish => {
            (Family::NVarChar, Length::Units(NUMBER_TEXT))
        }
        (Family::DateTimeOffset, _) => return NativeType { scale: features.finest(), ..native },
        (Family::SmallDateTime, _) => return NativeType { family: Family::DateTime2, scale: 0, ..native },
        other => other,
    };
    NativeType { family, length, ..native }
}

/// Whether a name can stand in the driver's own statement.
fn speakable(name: &str) -> bool {
    !name.chars().any(|c| c == ']' || c == '[' || c.is_ascii_control())
}

pub(super) fn staged_name(at: usize) -> Slot {
    slot("c{n}", &[("n", Slot::number(at as i128 + 1))])
}

impl Place<'_> {
    fn name(&self) -> &str {
        self.column.map_or("", |column| &column.name)
    }

    fn target(&self) -> Target {
        Target { native: self.staged, code_page: 0 }
    }

    /// The column in the table, as `t`.
    fn in_table(&self) -> Slot {
        match self.column {
            Some(column) => Slot::join(
                [Slot::fixed("t"), QUOTING.name(&column.name).unwrap_or_else(|_| Slot::fixed("null"))],
                ".",
            ),
            None => {
                slot(include_str!("sql/locator.sql").trim_end(), &[("place", Slot::fixed("t.%%physloc%%"))])
            }
        }
    }

    /// Its value in the stage, as `s`, in the table's type.
    fn in_stage(&self, at: usize) -> Slot {
        let staged = Slot::join([Slot::fixed("s"), staged_name(at)], ".");
        if self.staged == self.native {
            return staged;
        }
        slot("cast({x} as {type})", &[("x", staged), ("type", Slot::native_type(&self.native.to_string()))])
    }

    /// The expression whose type and collation the stage's column takes; a cast keeps the collation and drops IDENTITY.
    fn model(&self) -> Slot {
        let Some(column) = self.column else { return Slot::fixed("cast(null as bigint)") };
        if self.staged == self.native && column.generated == Generated::No {
            return self.in_table();
        }
        slot(
            "cast({x} as {type})",
            &[("x", self.in_table()), ("type", Slot::native_type(&self.staged.to_string()))],
        )
    }
}

#[cfg(test)]
mod tests;
