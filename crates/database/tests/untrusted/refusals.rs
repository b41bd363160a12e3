//! Files that are no database, or not all of one.

use std::{fs, path::Path};

use database::untrusted::{Limits, inspect};
use rusqlite::Connection;

use super::{Lab, office, refusal, steps};

const TABLE: &str = "create table t (a); insert into t values (1), ('two'), (zeroblob(9000))";

fn poked(at: usize, new: &[u8]) -> String {
    let lab = Lab::new(TABLE);
    lab.poke(at, new);
    lab.refusal()
}

#[test]
fn what_is_no_database_is_none() {
    let of = |bytes: &[u8]| Lab::of(bytes).refusal();
    assert_eq!(of(b""), "unfit: not_a_database");
    assert_eq!(of(b"SQLite format 3\0"), "unfit: not_a_database");
    assert_eq!(of(&Lab::new(TABLE).bytes()[..99]), "unfit: not_a_database");
    assert_eq!(of(&b"PK\x03\x04".repeat(3000)), "unfit: not_a_database");
    // As an encrypted file begins.
    let noise: Vec<u8> = (0..8192_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    assert_eq!(of(&noise), "unfit: not_a_database");
    assert_eq!(poked(0, b"s"), "unfit: not_a_database");
}

#[test]
fn a_database_without_tables_has_none() {
    assert!(Lab::new("pragma user_version = 7").read().unwrap().is_empty());
}

#[test]
fn formats_that_office_programs_do_not_write_are_refused() {
    let utf16 = Lab::new(&format!("pragma encoding = 'UTF-16le'; {TABLE}"));
    assert_eq!(utf16.refusal(), "unfit: unknown_format");
    assert_eq!(poked(56, &[0, 0, 0, 9]), "unfit: unknown_format");
    assert_eq!(poked(44, &[0, 0, 0, 5]), "unfit: unknown_format");
    assert_eq!(poked(18, &[3, 1]), "unfit: unknown_format");
    assert_eq!(poked(18, &[1, 9]), "unfit: unknown_format");
    assert_eq!(poked(18, &[0, 1]), "unfit: unknown_format");
}

#[test]
fn a_database_in_wal_mode_is_not_all_there() {
    let lab = Lab::new(&format!("pragma journal_mode = wal; {TABLE}"));
    assert_eq!(lab.refusal(), "unfit: wal_without_log");
    lab.run("pragma journal_mode = delete");
    assert_eq!(lab.rows().len(), 3, "the remedy");
    // As a copy taken while the program runs: the rows are not in it.
    let open = Connection::open(lab.path()).unwrap();
    open.execute_batch("pragma journal_mode = wal; insert into t values (4)").unwrap();
    assert_eq!(Lab::of(&lab.bytes()).refusal(), "unfit: wal_without_log");
    assert_eq!(poked(18, &[2, 1]), "unfit: wal_without_log");
    assert_eq!(poked(18, &[1, 2]), "unfit: wal_without_log");
}

#[test]
fn pages_of_no_size_are_refused() {
    for size in [[0, 0], [0, 2], [1, 0], [2, 1], [255, 255], [96, 0]] {
        assert_eq!(poked(16, &size), "unfit: damaged", "{size:?}");
    }
    assert_eq!(poked(21, &[65]), "unfit: damaged");
    let small = Lab::new(&format!("pragma page_size = 512; {TABLE}"));
    small.poke(20, &[33]);
    assert_eq!(small.refusal(), "unfit: damaged");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = office::files().swap_remove(0);
    for end in (100..whole.len()).step_by(251).chain([whole.len() - 1, whole.len() - 512]) {
        assert_eq!(Lab::of(&whole[..end]).refusal(), "unfit: damaged", "{end} of {}", whole.len());
    }
    // As other programs write: without a page count that holds.
    let lab = Lab::of(&whole);
    lab.poke(28, &[0; 4]);
    lab.poke(92, &[0; 4]);
    assert!(lab.read().is_ok());
    let bytes = lab.bytes();
    for pages in 1..bytes.len() / 512 {
        assert_eq!(Lab::of(&bytes[..pages * 512]).refusal(), "unfit: damaged", "{pages} pages");
    }
}

#[test]
fn what_cannot_be_read_is_our_own_fault() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| refusal(inspect(path, &Limits::default(), steps()));
    assert_eq!(open(&folder.path().join("none.db")), "ours: failed");
    assert_eq!(open(folder.path()), "ours: failed");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn odd_paths_are_read_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = Lab::new(TABLE).bytes();
    // Windows has no files of some of these names.
    let possible = |name: &&str| !cfg!(windows) || !name.contains(['?', ':', '"']);
    let names = ["a?mode=rwc&immutable=0", "b&mode=rwc", "ş #%41 %00", "file:x", "-'\"", ":memory:"];
    for name in names.into_iter().filter(possible) {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let upload = inspect(&path, &Limits::default(), steps()).unwrap();
        assert_eq!(upload.table("t").unwrap().rows, 3, "{name}");
        drop(upload);
        fs::remove_file(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn no_lock_is_asked_for() {
    let lab = Lab::new(TABLE);
    let other = Connection::open(lab.path()).unwrap();
    other.execute_batch("begin exclusive").unwrap();
    assert_eq!(lab.rows().len(), 3);
}

#[test]
fn lists_of_free_pages_that_lie_are_refused() {
    let sql = format!(
        "pragma page_size = 512; {TABLE}; create table u (a); insert into u values (zeroblob(90000)); delete from u"
    );
    let lab = Lab::new(&sql);
    let bytes = lab.bytes();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let trunk = (number(32) as usize - 1) * 512;
    let changed = |at: usize, new: u32| {
        let lab = Lab::of(&bytes);
        lab.poke(at, &new.to_be_bytes());
        lab.refusal()
    };
    assert!(lab.read().is_ok());
    assert_eq!(changed(trunk, number(32)), "unfit: damaged", "a loop");
    assert_eq!(changed(trunk + 8, number(32)), "unfit: damaged", "a page twice");
    assert_eq!(changed(trunk + 8, 2), "unfit: damaged", "a page in use");
    assert_eq!(changed(trunk + 4, 0x7fff_ffff), "unfit: damaged", "too many");
    assert_eq!(changed(32, 0x7fff_ffff), "unfit: damaged", "far away");
    assert_eq!(changed(36, 3), "unfit: damaged", "a wrong count");
}

#[test]
fn a_text_that_is_not_utf8_is_told_with_its_place() {
    let lab =
        Lab::new("create table t (a, b); insert into t values ('fine', 1), (2, cast(x'4141ff' as text))");
    let mut content = lab.read().unwrap();
    let refused = content.remove(0).1.unwrap_err();
    assert_eq!(refused.to_string(), "column `b` of row 2 of table `t` holds a text that is not UTF-8");
    assert_eq!(refusal(Err::<(), _>(refused)), "unfit: not_utf8");
}
