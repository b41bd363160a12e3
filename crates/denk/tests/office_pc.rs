//! What an office PC asks of the program: folders with blanks and Turkish letters, drive letters, files that another
//! program keeps to itself.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rusqlite::Connection;
use tempfile::TempDir;

const FOLDER: &str = "şube dosyası İ";
const NAME: &str = "Çağrı İşözü, ığdır";

/// A folder as offices have it.
fn office() -> (TempDir, PathBuf) {
    let temporary = TempDir::new().unwrap();
    let folder = temporary.path().join(FOLDER);
    fs::create_dir(&folder).unwrap();
    (temporary, folder)
}

fn denk(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_denk"));
    command.current_dir(folder).env("DENK_LANG", "tr");
    command
}

fn source(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("kaynak ğ.db")).unwrap();
    connection.execute_batch("create table goods (id integer primary key, name text)").unwrap();
    connection.execute("insert into goods values (1, ?1)", [NAME]).unwrap();
    connection
}

fn names(file: &Path) -> Vec<String> {
    let connection = Connection::open(file).unwrap();
    let mut statement = connection.prepare("select name from goods order by id").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn good(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_is_copied_by_its_name_by_its_whole_path_and_by_its_path_with_slashes() {
    let (_temporary, folder) = office();
    drop(source(&folder));
    let whole = folder.join("bütün yol.db").display().to_string();
    // `C:/Users/...` on Windows; where no backslash parts folders, the same as before.
    let slashes = folder.join("eğik çizgi.db").display().to_string();
    let slashes = if cfg!(windows) { slashes.replace('\\', "/") } else { slashes };
    for target in ["hedef ş.db", &whole, &slashes] {
        let target = format!("sqlite:{target}");
        good(&denk(&folder).args(["copy", "sqlite:kaynak ğ.db", &target]).output().unwrap());
    }
    for target in ["hedef ş.db", "bütün yol.db", "eğik çizgi.db"] {
        assert_eq!(names(&folder.join(target)), [NAME], "{target}");
    }
}

#[test]
fn settings_with_the_line_ends_of_windows_are_read() {
    let (_temporary, folder) = office();
    fs::write(folder.join(".env"), "WEB_PASSWORD=gizli\r\n").unwrap();
    let toml = "[databases]\r\nentegra = \"sqlite:C:/Ana Entegra/db.s3db\"\r\n\
                web = { url = \"postgres://shop@db.example/web\", password = { env = \"WEB_PASSWORD\" } }\r\n";
    fs::write(folder.join("denk.toml"), toml).unwrap();
    let output = denk(&folder).args(["config", "show"]).output().unwrap();
    good(&output);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("sqlite:C:/Ana Entegra/db.s3db") && !shown.contains('\r'), "{shown}");
}

#[test]
fn turkish_sentences_arrive_whole() {
    let (_temporary, folder) = office();
    let output = denk(&folder).args(["copy", "sqlite:yok ğüşıöç.db", "sqlite:hedef.db"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("yok ğüşıöç.db"), "{said}");
}

/// A program that lets nobody else open its file is told of, not waited for in silence or taken for a broken file.
#[cfg(windows)]
#[test]
fn a_file_that_another_program_keeps_to_itself_is_told() {
    use std::os::windows::fs::OpenOptionsExt;

    let (_temporary, folder) = office();
    drop(source(&folder));
    let _held =
        fs::OpenOptions::new().read(true).write(true).share_mode(0).open(folder.join("kaynak ğ.db")).unwrap();
    let output = denk(&folder).args(["copy", "sqlite:kaynak ğ.db", "sqlite:hedef.db"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("kaynak ğ.db"), "{said}");
}
