//! A small Entegra file, a web database, and the built program between them.
#![allow(clippy::unwrap_used, dead_code, reason = "shared by tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    entegra::{self, Size},
    postgres::Database,
};

/// Where the web shop's tables are.
pub enum Web {
    Sqlite(PathBuf),
    Postgres(Box<Database>),
}

pub struct Shop {
    pub folder: TempDir,
    pub web: Web,
}

/// What one command said.
pub struct Said {
    pub code: i32,
    pub json: Value,
    pub stderr: String,
}

pub fn denk() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if ["DENK_", "PG", "MSSQL_"].iter().any(|prefix| name_text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.env("LC_ALL", "C.UTF-8").env("DENK_LANG", "en");
    command
}

pub fn said(output: &Output) -> Said {
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}\n{stderr}"));
    Said { code: output.status.code().unwrap_or(-1), json, stderr }
}

impl Shop {
    pub fn on_sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let web = Web::Sqlite(folder.path().join("web.db"));
        Self { folder, web }.filled()
    }

    pub fn on_postgres() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            web: Web::Postgres(Box::new(testkit::postgres::server().create_database())),
        }
        .filled()
    }

    /// One of each.
    pub fn both() -> [Self; 2] {
        [Self::on_sqlite(), Self::on_postgres()]
    }

    fn filled(self) -> Self {
        entegra::generate(&self.entegra_file(), &Size::small(), 7).unwrap();
        let web = match &self.web {
            Web::Sqlite(path) => format!("sqlite:{}", path.display()),
            Web::Postgres(database) => database.url().to_owned(),
        };
        let text = format!(
            "[databases]\nentegra = 'sqlite:entegra.s3db'\nweb = '{web}'\n[flows]\npreset = 'mikro'\n"
        );
        fs::write(self.folder.path().join("denk.toml"), text).unwrap();
        self
    }

    pub fn entegra_file(&self) -> PathBuf {
        self.folder.path().join("entegra.s3db")
    }

    pub fn entegra(&self) -> Connection {
        Connection::open(self.entegra_file()).unwrap()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = denk();
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    pub fn denk(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).arg("--json").output().unwrap())
    }

    /// Runs the group and expects this exit code.
    pub fn run(&self, code: i32) -> Value {
        let said = self.denk(&["run", "entegra"]);
        assert_eq!(said.code, code, "{:#}\n{}", said.json, said.stderr);
        said.json
    }

    pub fn assert_equal(&self) {
        let said = self.denk(&["verify", "entegra"]);
        assert_eq!(
            (said.code, &said.json["equal"]),
            (0, &Value::Bool(true)),
            "{:#}\n{}",
            said.json,
            said.stderr
        );
    }

    /// Rows of the web database, `|` between columns.
    pub fn web(&self, sql: &str) -> Vec<String> {
        match &self.web {
            Web::Sqlite(path) => sqlite_rows(path, sql),
            Web::Postgres(database) => database.run(sql).lines().map(str::to_owned).collect(),
        }
    }

    pub fn change_web(&self, sql: &str) {
        match &self.web {
            Web::Sqlite(path) => Connection::open(path).unwrap().execute_batch(sql).unwrap(),
            Web::Postgres(database) => {
                database.run(sql);
            }
        }
    }
}

pub fn sqlite_rows(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let cell = |row: &rusqlite::Row<'_>, at| match row.get_ref_unwrap(at) {
        rusqlite::types::ValueRef::Null => String::new(),
        rusqlite::types::ValueRef::Integer(n) => n.to_string(),
        rusqlite::types::ValueRef::Real(r) => r.to_string(),
        rusqlite::types::ValueRef::Text(t) | rusqlite::types::ValueRef::Blob(t) => {
            String::from_utf8_lossy(t).into_owned()
        }
    };
    let line =
        |row: &rusqlite::Row<'_>| Ok((0..columns).map(|at| cell(row, at)).collect::<Vec<_>>().join("|"));
    statement.query_map([], line).unwrap().map(Result::unwrap).collect()
}

/// A count of one flow.
pub fn count(run: &Value, flow: &str, what: &str) -> u64 {
    let flows = run["flows"].as_array().unwrap();
    let found = flows
        .iter()
        .find(|report| report["name"] == flow)
        .unwrap_or_else(|| panic!("no flow {flow} in {run:#}"));
    found[what].as_u64().unwrap()
}

/// A count over all flows.
pub fn total(run: &Value, what: &str) -> u64 {
    run["flows"].as_array().unwrap().iter().map(|report| report[what].as_u64().unwrap()).sum()
}

/// What was written in all.
pub fn written(run: &Value) -> u64 {
    ["inserted", "updated", "deleted"].iter().map(|what| total(run, what)).sum()
}
