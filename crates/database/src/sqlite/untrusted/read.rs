//! Rows of one table, as they are stored.

use model::{ErrorKind, Value};
use rusqlite::types::ValueRef;

use super::{
    Limits, Table, Upload,
    refused::{Refused, shown},
    tables::quoted,
};
use crate::{
    sql::{Slot, render},
    sqlite::decode::raw_value,
};

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What the table numbers its rows by, also where a column (`id integer primary key`) is another name of it.
    pub rowid: i64,
    /// In the order asked for, each of the kind that is stored (`Null`, `Int`, `Real`, `Text`, `Bytes`), whatever type
    /// the column declares. A text may hold NUL characters.
    pub values: Vec<Value>,
}

const ORDER: &str = "the rows of a table are not in order";
const ROWS: &str = "the rows of a table do not hold together";

impl Upload {
    /// Calls `take` with every row of `table`, in ascending order of rowid, each exactly once.
    ///
    /// Names are found in any case. When this fails, the rows taken before are worth nothing.
    ///
    /// # Errors
    /// [`Refused`] made into the caller's error, or what `take` says.
    pub fn read<E: From<Refused>>(
        &mut self,
        table: &str,
        columns: &[&str],
        mut take: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let table = self.table(table).ok_or_else(|| Refused::NoTable { table: shown(table) })?;
        let mut scan = Scan { table, limits: &self.limits, columns, bytes_left: self.bytes_left, last: None };
        let mut statement =
            self.connection.prepare(&scan.sql()?).map_err(|native| scan.unprepared(native))?;
        let mut rows = statement.raw_query();
        let mut given = 0;
        while let Some(row) = rows.next().map_err(|native| scan.refused(native))? {
            take(scan.row(row)?)?;
            given += 1;
        }
        if given != table.rows {
            return Err(Refused::damaged(ROWS).into());
        }
        self.bytes_left = scan.bytes_left;
        Ok(())
    }
}

/// How far a table has been read.
struct Scan<'a> {
    table: &'a Table,
    limits: &'a Limits,
    columns: &'a [&'a str],
    bytes_left: u64,
    last: Option<i64>,
}

impl Scan<'_> {
    fn sql(&self) -> Result<String, Refused> {
        let rowid = self.table.rowid.ok_or_else(|| self.no_rowid())?;
        let mut slots = vec![Slot::fixed(rowid)];
        for column in self.columns {
            if !self.has(column) {
                return Err(Refused::NoColumn { table: self.shown(), column: shown(column) });
            }
            slots.push(quoted(column)?);
        }
        let slots = [("columns", Slot::join(slots, ", ")), ("table", quoted(&self.table.name)?)];
        Ok(render(include_str!("../sql/untrusted_rows.sql"), &slots))
    }

    fn has(&self, column: &str) -> bool {
        self.table.columns.iter().any(|known| known.eq_ignore_ascii_case(column))
    }

    fn row(&mut self, row: &rusqlite::Row<'_>) -> Result<Row, Refused> {
        let Ok(ValueRef::Integer(rowid)) = row.get_ref(0) else { return Err(Refused::damaged(ORDER)) };
        if self.last.replace(rowid).is_some_and(|last| last >= rowid) {
            return Err(Refused::damaged(ORDER));
        }
        let mut values = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            let stored = row.get_ref(at + 1).map_err(|native| self.refused(native))?;
            self.measure(stored)?;
            let not_text = |_| Refused::NotUtf8 { table: self.shown(), column: shown(column), rowid };
            values.push(raw_value(stored).map_err(not_text)?);
        }
        Ok(Row { rowid, values })
    }

    fn measure(&mut self, stored: ValueRef<'_>) -> Result<(), Refused> {
        let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = stored else { return Ok(()) };
        if bytes.len() > self.limits.cell_bytes {
            return Err(self.cell_too_large());
        }
        let left = self.bytes_left.checked_sub(bytes.len() as u64);
        self.bytes_left = left.ok_or(Refused::TooMuchContent { max: self.limits.bytes })?;
        Ok(())
    }

    /// All names are there, so it can only be the rowid that is not.
    fn unprepared(&self, native: rusqlite::Error) -> Refused {
        match self.refused(native) {
            Refused::Damaged { cause: Some(cause), .. } if cause.kind == ErrorKind::Missing => {
                self.no_rowid()
            }
            other => other,
        }
    }

    fn refused(&self, native: rusqlite::Error) -> Refused {
        match Refused::by_sqlite(ROWS, native) {
            Refused::Damaged { cause: Some(cause), .. } if cause.kind == ErrorKind::Conversion => {
                self.cell_too_large()
            }
            other => other,
        }
    }

    fn no_rowid(&self) -> Refused {
        Refused::NoRowid { table: self.shown() }
    }

    fn cell_too_large(&self) -> Refused {
        Refused::CellTooLarge { table: self.shown(), max: self.limits.cell_bytes }
    }

    fn shown(&self) -> String {
        shown(&self.table.name)
    }
}
