//! Files from outside: what is refused, what is read, and that neither hurts.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their helpers")]

mod limits;
mod mutation;
mod office;
mod refusals;
mod rows;
mod schema;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use database::untrusted::{Class, Limits, Refused, Row, Table, inspect};
use rusqlite::Connection;

/// How long a file of a few pages may take in all: hundreds of times what it takes.
const SOON: Duration = Duration::from_secs(10);

/// Name of the threads on which files are read.
const READER: &str = "reader";

/// A folder with one file in it.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    /// A database made by `sql`.
    fn new(sql: &str) -> Self {
        let lab = Self::of(&[]);
        lab.run(sql);
        lab
    }

    fn of(bytes: &[u8]) -> Self {
        let lab = Self { folder: tempfile::tempdir().unwrap() };
        lab.write(bytes);
        lab
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("an upload.db")
    }

    fn run(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch("pragma synchronous = off").unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// Changes the schema's text, as only somebody with bad intent does; `sql` sets columns of `sqlite_schema`.
    fn forge(&self, sql: &str) {
        self.run(&format!("pragma writable_schema = on; update sqlite_schema set {sql}"));
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    fn write(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).unwrap();
    }

    /// Overwrites bytes at `at`.
    fn poke(&self, at: usize, new: &[u8]) {
        let mut bytes = self.bytes();
        bytes[at..at + new.len()].copy_from_slice(new);
        self.write(&bytes);
    }

    fn read(&self) -> Result<Content, Refused> {
        self.read_within(&Limits::default())
    }

    /// Everything that can be read, within [`SOON`], without a trace on the disk.
    fn read_within(&self, limits: &Limits) -> Result<Content, Refused> {
        let before = self.bytes();
        let (path, limits) = (self.path(), limits.clone());
        let (tell, told) = mpsc::channel();
        let read = move || tell.send(content(&path, &limits)).unwrap();
        let reader = thread::Builder::new().name(READER.to_owned()).spawn(read).unwrap();
        let content = told.recv_timeout(SOON).expect("reading ends soon, and without a panic");
        reader.join().unwrap();
        assert_eq!(self.bytes(), before, "the file stays as it is");
        let names = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["an upload.db"], "nothing is made beside it");
        content
    }

    fn refusal(&self) -> String {
        refusal(self.read())
    }

    /// The rows of the only table.
    fn rows(&self) -> Vec<Row> {
        let mut content = self.read().unwrap();
        assert_eq!(content.len(), 1, "one table");
        content.remove(0).1.unwrap()
    }
}

/// The tables of a file with their rows, or why the rows of one are refused.
type Content = Vec<(Table, Result<Vec<Row>, Refused>)>;

fn content(path: &Path, limits: &Limits) -> Result<Content, Refused> {
    let mut upload = inspect(path, limits, steps())?;
    let tables = upload.tables().to_vec();
    let read = |table: Table| {
        let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
        let mut rows = Vec::new();
        let done = upload.read(&table.name, &columns, |row| {
            rows.push(row);
            Ok::<(), Refused>(())
        });
        let read = done.map(|()| rows);
        (table, read)
    };
    Ok(tables.into_iter().map(read).collect())
}

/// A clock on which every look takes a millisecond: what takes too long does so on every machine.
fn steps() -> impl Fn() -> Duration + Send + 'static {
    let looks = std::sync::atomic::AtomicU64::new(0);
    move || Duration::from_millis(looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
}

/// The code of the refusal, after a look at its class and its words.
fn refusal<T>(read: Result<T, Refused>) -> String {
    let refused = read.err().expect("must be refused");
    let said = refused.to_string();
    assert!(!said.is_empty() && said.len() < 400 && !said.contains(char::is_control), "{said}");
    let class = match refused.class() {
        Class::Unfit => "unfit",
        Class::TooLarge => "too large",
        Class::Ours => "ours",
    };
    format!("{class}: {}", refused.code())
}
