//! The old desktop program at work on its file.
//!
//! Owns what a person's click there does to the file, statement by statement, its mistakes included. Does not validate
//! what is typed; the forms of the old program hardly do. The one thing to know: like the program it opens the file
//! anew for every click, so the file may be replaced in between.

mod forms;
mod generation;
pub(super) mod start;
mod stock;
mod sync;
mod vehicles;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use rusqlite::{Connection, OptionalExtension, ToSql, named_params};

use super::Moment;

pub use forms::{
    Driver, Employee, Fault, Inspection, Item, Record, Report, ServiceVisit, ShiftTemplate, Timesheet,
    Vehicle,
};
pub use generation::Generation;
pub use stock::Product;
pub use sync::UPLOAD_FILE_NAME;
pub use vehicles::CHECKLIST;

/// A statement below `sql/desktop`, by its name.
macro_rules! statement {
    ($name:literal) => {
        include_str!(concat!("../sql/desktop/", $name, ".sql"))
    };
}
use statement;

/// Named parameters of a statement.
type Parameters<'a> = [(&'a str, &'a dyn ToSql)];

/// The program on one PC, with somebody logged in.
#[derive(Debug, Clone)]
pub struct Desktop {
    path: PathBuf,
    generation: Generation,
    /// The entry region: stamped on every row that is entered or edited.
    pub region: String,
    /// The PC's clock.
    pub now: Moment,
}

impl Desktop {
    /// Starts the program: tables, columns, users, settings and templates that it misses come into being, and the
    /// first generation takes rows without a region for Ankara's.
    ///
    /// **Errors**: a file that is no database; a table that is there but cannot take the missing columns.
    pub fn start(path: &Path, generation: Generation, region: &str, now: Moment) -> anyhow::Result<Self> {
        let desktop = Self { path: path.to_owned(), generation, region: region.to_owned(), now };
        desktop.initialise()?;
        Ok(desktop)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The region whose user may log in with these words, as this generation compares them.
    pub fn log_in(&self, username: &str, password: &str) -> anyhow::Result<Option<String>> {
        let hash = self.generation.hash(password);
        let found = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let parameters = named_params! { ":username": username.trim() };
        let user = self.open()?.query_row(statement!("log_in"), parameters, found).optional()?;
        Ok(user.and_then(|(known, region)| (known == hash).then_some(region)))
    }

    /// Adds an employee, or saves all columns of the one with this id. Returns the id.
    pub fn save_employee(&self, id: Option<i64>, form: &Employee<'_>) -> anyhow::Result<i64> {
        let parameters = named_params! {
            ":full_name": form.full_name,
            ":identity_no": form.identity_no,
            ":department": form.department,
            ":title": form.title,
        };
        self.save([statement!("employee_add"), statement!("employee_update")], id, parameters)
    }

    /// Adds a timesheet, or saves all columns of the one with this id. Returns the id.
    pub fn save_timesheet(&self, id: Option<i64>, form: &Timesheet<'_>) -> anyhow::Result<i64> {
        let parameters = named_params! {
            ":employee_id": form.employee_id,
            ":work_date": form.work_date,
            ":start_time": form.start_time,
            ":end_time": form.end_time,
            ":break_minutes": form.break_minutes,
            ":is_special": form.is_special,
            ":notes": form.notes,
        };
        self.save([statement!("timesheet_add"), statement!("timesheet_update")], id, parameters)
    }

    /// Deletes a row with everything that hangs on it. Only the row itself leaves a tombstone, and only where this
    /// generation writes one.
    pub fn delete(&self, record: Record, id: i64) -> anyhow::Result<()> {
        let mut conn = self.open()?;
        let transaction = conn.transaction()?;
        transaction.execute(record.deletion(), named_params! { ":id": id })?;
        if self.generation.leaves_tombstone(record) {
            let deleted_at = format!("{}.{:06}", self.now.to_string().replace(' ', "T"), id % 1_000_000);
            let parameters = named_params! {
                ":table_name": record.table(),
                ":record_id": id,
                ":deleted_at": deleted_at,
            };
            transaction.execute(statement!("tombstone"), parameters)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Saves one setting.
    pub fn save_setting(&self, key: &str, value: &str) -> anyhow::Result<()> {
        self.open()?.execute(statement!("setting_save"), named_params! { ":key": key, ":value": value })?;
        Ok(())
    }

    /// Saves a shift template under its name; one of that name is replaced and gets a new id. Returns the id.
    pub fn save_shift_template(&self, form: &ShiftTemplate<'_>) -> anyhow::Result<i64> {
        let conn = self.open()?;
        let parameters = named_params! {
            ":name": form.name,
            ":start_time": form.start_time,
            ":end_time": form.end_time,
            ":break_minutes": form.break_minutes,
        };
        conn.execute(statement!("template_save"), parameters)?;
        Ok(conn.last_insert_rowid())
    }

    pub fn delete_shift_template(&self, id: i64) -> anyhow::Result<()> {
        self.open()?.execute(statement!("template_delete"), named_params! { ":id": id })?;
        Ok(())
    }

    /// Notes that a report was exported. Returns its id.
    pub fn log_report(&self, form: &Report<'_>) -> anyhow::Result<i64> {
        let conn = self.open()?;
        let created_at: String = self.now.to_string().chars().take("YYYY-MM-DD HH:MM".len()).collect();
        let parameters = named_params! {
            ":file_path": form.file_path,
            ":created_at": created_at,
            ":employee": form.employee,
            ":start_date": form.start_date,
            ":end_date": form.end_date,
        };
        conn.execute(statement!("report_add"), parameters)?;
        Ok(conn.last_insert_rowid())
    }

    /// Adds or updates a row of the entry region. Returns its id.
    fn save(&self, [add, update]: [&str; 2], id: Option<i64>, form: &Parameters<'_>) -> anyhow::Result<i64> {
        let conn = self.open()?;
        let mut parameters = form.to_vec();
        parameters.push((":region", &self.region));
        let Some(id) = id else {
            conn.execute(add, parameters.as_slice())?;
            return Ok(conn.last_insert_rowid());
        };
        parameters.push((":id", &id));
        conn.execute(update, parameters.as_slice())?;
        Ok(id)
    }

    fn initialise(&self) -> anyhow::Result<()> {
        let mut conn = self.open()?;
        let transaction = conn.transaction()?;
        start::start(&transaction, self.generation)?;
        transaction.commit()?;
        Ok(())
    }

    fn open(&self) -> anyhow::Result<Connection> {
        let conn =
            Connection::open(&self.path).with_context(|| format!("cannot open {}", self.path.display()))?;
        conn.busy_timeout(Duration::from_secs(30))?;
        // The old program does wait for the disk; nothing here depends on it.
        conn.execute_batch("pragma foreign_keys = on; pragma synchronous = off")?;
        Ok(conn)
    }
}
