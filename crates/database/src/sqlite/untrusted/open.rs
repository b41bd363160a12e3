//! A connection that can do nothing but scan tables.

use std::{io, path::Path};

use rusqlite::{
    Connection, OpenFlags,
    config::DbConfig::{self, *},
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit::{self, *},
};

use super::{Limits, refused::Refused, tables::SEQUENCE};

/// Off: everything that runs what the file says, or trusts it. Extensions cannot be loaded anyway: nothing here enables
/// them, and the authorizer refuses the function.
const SWITCHES: [(DbConfig, bool); 9] = [
    (SQLITE_DBCONFIG_DEFENSIVE, true),
    (SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    (SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
    (SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
    (SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
    (SQLITE_DBCONFIG_DQS_DML, false),
    (SQLITE_DBCONFIG_DQS_DDL, false),
];

/// `mmap_size`: a file that shrinks must be an error, not a signal.
const PRAGMAS: [(&str, i64); 2] = [("cell_size_check", 1), ("mmap_size", 0)];

/// **Units**: bytes. Also of each statement of the schema; those of office programs have under a thousand.
const SQL_BYTES_MAX: i32 = 64 << 10;
const EXPRESSION_DEPTH_MAX: i32 = 100;
const OPERATIONS_MAX: i32 = 1_000_000;
/// Tables, indexes, triggers and views for each table that may be there.
const OBJECTS_PER_TABLE: usize = 8;
/// Between two looks at the clock. **Units**: operations of SQLite's virtual machine, of well under a microsecond.
const OPERATIONS_PER_LOOK: i32 = 1_000;

/// The file, open for reading, with every guard up. Nothing of the file has been read yet.
pub(super) fn open(
    path: &Path,
    limits: &Limits,
    alarm: impl FnMut() -> bool + Send + 'static,
) -> Result<Connection, Refused> {
    let uri = uri(path)?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(uri, flags).and_then(|mut connection| {
        connection.progress_handler(OPERATIONS_PER_LOOK, Some(alarm))?;
        guard(&mut connection, limits)?;
        Ok(connection)
    });
    opened.map_err(|native| Refused::by_sqlite("it cannot be opened", native))
}

fn guard(connection: &mut Connection, limits: &Limits) -> rusqlite::Result<()> {
    for (switch, on) in SWITCHES {
        connection.set_db_config(switch, on)?;
    }
    for (limit, max) in bounds(limits) {
        connection.set_limit(limit, max)?;
    }
    for (pragma, value) in PRAGMAS {
        connection.pragma_update(None, pragma, value)?;
    }
    connection.authorizer(Some(authorize))
}

fn bounds(limits: &Limits) -> [(Limit, i32); 9] {
    let whole = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    [
        // A table's definition is read like a cell.
        (SQLITE_LIMIT_LENGTH, whole(limits.cell_bytes).max(SQL_BYTES_MAX)),
        (SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX),
        (SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_MAX),
        (SQLITE_LIMIT_VDBE_OP, OPERATIONS_MAX),
        (SQLITE_LIMIT_ATTACHED, 0),
        (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 0),
        (SQLITE_LIMIT_TRIGGER_DEPTH, 0),
        (SQLITE_LIMIT_WORKER_THREADS, 0),
        (SQLITE_LIMIT_SCHEMA, whole(limits.tables.saturating_mul(OBJECTS_PER_TABLE))),
    ]
}

/// Scans of tables and of the schema, and the two pragmas; nothing from inside a view or trigger. SQLite's own tables
/// (statistics for its planner) are not read. Any function: SQLite asks about those in the defaults of columns that are
/// read (`default current_timestamp`), which it does not call then.
fn authorize(wish: AuthContext<'_>) -> Authorization {
    let allowed = match wish.action {
        AuthAction::Select | AuthAction::Function { .. } => true,
        AuthAction::Read { table_name, .. } => {
            let readable = ["sqlite_master", SEQUENCE].contains(&table_name) || !is_internal(table_name);
            wish.database_name == Some("main") && readable
        }
        AuthAction::Pragma { pragma_name, .. } => matches!(pragma_name, "quick_check" | "table_xinfo"),
        _ => false,
    };
    if allowed && wish.accessor.is_none() { Authorization::Allow } else { Authorization::Deny }
}

/// Whether a table is SQLite's own.
pub(super) fn is_internal(table: &str) -> bool {
    table.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}

/// `immutable`: no lock, no journal, no second file is looked for or made beside it.
fn uri(path: &Path) -> Result<String, Refused> {
    let unnameable = || Refused::by_system(io::ErrorKind::InvalidInput.into());
    let path = std::path::absolute(path).map_err(Refused::by_system)?;
    let path = path.to_str().ok_or_else(unnameable)?;
    let path = if cfg!(windows) { format!("/{}", path.replace('\\', "/")) } else { path.to_owned() };
    let mut uri = "file://".to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~:".contains(&byte) {
            uri.push(byte.into());
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(uri + "?mode=ro&immutable=1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_never_taken_for_options() {
        let uri = uri(Path::new("/tmp/a b/ç?mode=rwc#%41")).unwrap();
        // Windows puts the drive in between.
        assert!(uri.starts_with("file:///"), "{uri}");
        assert!(uri.ends_with("/tmp/a%20b/%C3%A7%3Fmode%3Drwc%23%2541?mode=ro&immutable=1"), "{uri}");
    }
}
