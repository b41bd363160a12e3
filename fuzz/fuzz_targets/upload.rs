//! Any bytes as an uploaded file: refused, or every table read.

#![no_main]

use std::{
    cell::{Cell, OnceCell},
    fs,
    time::Duration,
};

use database::untrusted::{Class, Limits, Refused, inspect};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fn limits() -> Limits {
    Limits { bytes: 1 << 20, time: Duration::from_secs(2), ..Limits::default() }
}

/// Each look takes a millisecond, so that an input gives the same on every run.
fn steps() -> impl Fn() -> Duration + Send + 'static {
    let looks = Cell::new(0);
    move || {
        looks.set(looks.get() + 1);
        Duration::from_millis(looks.get())
    }
}

fn read(path: &std::path::Path) -> Result<(), Refused> {
    let mut upload = inspect(path, &limits(), steps())?;
    for table in upload.tables().to_vec() {
        let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
        let mut rows = 0;
        let done = upload.read(&table.name, &columns, |row| {
            assert_eq!(row.values.len(), columns.len());
            rows += 1;
            Ok::<(), Refused>(())
        });
        match done {
            Ok(()) => assert_eq!(rows, table.rows),
            Err(refused) => assert_ne!(refused.class(), Class::Ours, "{refused:?}"),
        }
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("a folder for the file"));
        let path = folder.path().join("upload.db");
        fs::write(&path, bytes).expect("the file is written");
        if let Err(refused) = read(&path) {
            assert_ne!(refused.class(), Class::Ours, "{refused:?}");
        }
        assert_eq!(fs::read(&path).expect("the file is there"), bytes);
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is there").count(), 1);
    });
});
