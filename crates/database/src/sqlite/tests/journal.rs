//! What the journal leaves in a user's file, and what it never does.

use model::{Key, TableRef, Timestamp, Value};

use super::{Lab, text};
use crate::{Begin, JournalStatus};

fn install(lab: &mut Lab, key: &[&str]) {
    let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
    lab.link.journal_install(&TableRef::new("t"), &key).unwrap();
    assert_eq!(lab.link.journal_status(&TableRef::new("t"), &key).unwrap(), JournalStatus::Complete);
}

fn drain(lab: &mut Lab) -> Vec<(i64, char, Key)> {
    let notes = lab.link.journal_drain(100).unwrap();
    notes.into_iter().map(|note| (note.id, note.operation.letter(), note.key)).collect()
}

fn key(number: i64) -> Key {
    Key(vec![Value::Int(number)])
}

#[test]
fn a_number_is_never_given_twice() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    install(&mut lab, &["k"]);
    lab.run("insert into t values (1), (2)");
    lab.link.journal_forget(&[1, 2]).unwrap();
    lab.run("insert into t values (3)");
    assert_eq!(drain(&mut lab), [(3, 'I', key(3))]);
    // Forgetting again what was forgotten takes nothing that came later.
    lab.link.journal_forget(&[1, 2]).unwrap();
    assert_eq!(drain(&mut lab).len(), 1);
    lab.link.journal_forget(&[3]).unwrap();
    assert_eq!(drain(&mut lab), []);
    assert_eq!(lab.ask("select count(*) from denk_journal"), "Integer(1)");
}

#[test]
fn nothing_stays_in_the_file() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    let before = lab.ask("select type, name, sql from sqlite_schema");
    install(&mut lab, &["k"]);
    lab.run("insert into t values (1); delete from t");
    lab.link.journal_remove(&TableRef::new("T")).unwrap();
    assert_eq!(lab.ask("select type, name, sql from sqlite_schema"), before);
}

#[test]
fn hostile_names_come_back_with_their_types() {
    let mut lab = Lab::new(
        r#"create table t ("old.""n""" uuid, " 'k' values (" text, n integer, primary key (" 'k' values (", "old.""n"""))"#,
    );
    install(&mut lab, &[" 'k' values (", "old.\"n\""]);
    lab.run("insert into t values ('0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee', 'it''s', 1)");
    let uuid = Value::Uuid("0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee".parse().unwrap());
    assert_eq!(drain(&mut lab), [(1, 'I', Key(vec![text("it's"), uuid]))]);
}

#[test]
fn a_replaced_row_is_noted() {
    let mut lab = Lab::new("create table t (k integer primary key, v); insert into t values (1, 1)");
    install(&mut lab, &["k"]);
    lab.run("insert or replace into t values (1, 2)");
    assert_eq!(drain(&mut lab), [(1, 'I', key(1))]);
}

#[test]
fn what_a_replace_puts_aside_is_noted() {
    let mut lab = Lab::new(
        "create table t (k integer primary key, a text unique, b, c, unique (b, c));
         insert into t values (1, 'x', 1, 1), (2, 'y', 2, 2), (3, 'z', 3, null)",
    );
    install(&mut lab, &["k"]);
    lab.run("insert or replace into t values (4, 'x', 2, 2)");
    assert_eq!(drain(&mut lab), [(1, 'U', key(2)), (2, 'U', key(1)), (3, 'I', key(4))]);
    lab.link.journal_forget(&[1, 2, 3]).unwrap();
    lab.run("update or replace t set a = 'z', b = 9 where k = 4");
    assert_eq!(drain(&mut lab), [(4, 'U', key(3)), (5, 'U', key(4))]);
    lab.link.journal_forget(&[4, 5]).unwrap();
    lab.run("update t set b = b; insert or replace into t values (5, 'new', 3, null)");
    let all = drain(&mut lab).into_iter().map(|(_, operation, _)| operation).collect::<String>();
    assert_eq!(all, "UI", "of the row itself no other is noted, and NULL clashes with nothing");
}

#[test]
fn a_note_tells_when_it_was_made() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    install(&mut lab, &["k"]);
    lab.run("insert into t values (1)");
    let noted = lab.link.journal_drain(1).unwrap()[0].at.unwrap();
    let now = lab.ask("select strftime('%Y-%m-%d %H:%M:%f', 'now')");
    let now = Timestamp::parse(now.trim_start_matches("Text(\"").trim_end_matches("\")")).unwrap();
    assert!((0..600_000).contains(&(now.unix_ms() - noted.unix_ms())), "{noted:?} {now:?}");
    lab.run("update denk_journal set at = 'yesterday'");
    assert_eq!(lab.link.journal_drain(1).unwrap()[0].at, None);
}

#[test]
fn a_key_that_its_collation_takes_for_the_same_is_another() {
    let mut lab =
        Lab::new("create table t (k text collate nocase primary key, v); insert into t values ('a', 1)");
    install(&mut lab, &["k"]);
    lab.run("update t set k = 'A'; update t set k = 'A', v = 2");
    let key = |name| Key(vec![text(name)]);
    assert_eq!(drain(&mut lab), [(1, 'D', key("a")), (2, 'I', key("A")), (3, 'U', key("A"))]);
}

#[test]
fn own_work_leaves_no_note_even_where_the_journal_is_new() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    lab.link.begin(Begin::Own).unwrap();
    install(&mut lab, &["k"]);
    lab.link.connection.execute_batch("insert into t values (1)").unwrap();
    lab.link.commit().unwrap();
    assert_eq!(lab.ask("select count(*) from denk_own"), "Integer(0)");
    lab.run("insert into t values (2)");
    assert_eq!(drain(&mut lab), [(1, 'I', key(2))]);
}

#[test]
fn bodies_are_plain_inserts() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    install(&mut lab, &["k"]);
    let triggers = lab.link.table(&TableRef::new("t")).unwrap().triggers;
    assert_eq!(triggers.len(), 4);
    for trigger in triggers {
        let (_, body) = trigger.definition.split_once(" begin\n").unwrap();
        let statements: Vec<&str> = body.lines().filter(|line| *line != "end").collect();
        assert!(
            statements
                .iter()
                .all(|line| line.starts_with("insert into denk_journal (") && line.ends_with(");")),
            "{body}"
        );
    }
}
