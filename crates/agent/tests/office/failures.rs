//! What stops the agent, and what it says then.

use agent::office::{Error, Office};
use rusqlite::Connection;

use crate::{
    day::{agree, person, two},
    pc::Pc,
};

async fn refused(pc: &Pc) -> Error {
    Office::open(pc.path(), &pc.rules).await.err().unwrap()
}

#[tokio::test]
async fn a_file_that_is_none_is_said_to_be_so() {
    let pc = Pc::new(1);
    let bytes = std::fs::read(pc.path()).unwrap();
    std::fs::remove_file(pc.path()).unwrap();
    assert!(matches!(refused(&pc).await, Error::Missing(path) if path == pc.path()));
    assert!(!pc.path().exists(), "a file that is only looked for is not made");
    std::fs::write(pc.path(), "name;price\nlamp;10\n".repeat(300)).unwrap();
    assert!(matches!(refused(&pc).await, Error::Corrupt(_)));
    std::fs::write(pc.path(), &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(refused(&pc).await, Error::Corrupt(_)));
    std::fs::write(pc.path(), "").unwrap();
    assert!(matches!(refused(&pc).await, Error::NotAnOfficeFile(_)));
    std::fs::write(pc.path(), &bytes).unwrap();
    pc.office().await;
    assert_eq!(std::fs::read(pc.path()).unwrap(), bytes, "opening changes nothing");
}

#[tokio::test]
async fn another_edition_of_the_program_is_not_an_office() {
    let pc = Pc::new(1);
    std::fs::remove_file(pc.path()).unwrap();
    pc.sql("create table employees (id integer primary key, name text, tc_no text)");
    assert!(matches!(refused(&pc).await, Error::NotAnOfficeFile(_)));
}

#[tokio::test]
async fn a_second_agent_is_refused_until_the_first_is_gone() {
    let pc = Pc::new(1);
    let first = pc.office().await;
    assert!(matches!(refused(&pc).await, Error::Locked(_)));
    drop(first);
    pc.office().await;
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_left_alone() {
    let pc = Pc::new(1);
    let mut permissions = std::fs::metadata(pc.path()).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(pc.path(), permissions).unwrap();
    assert!(matches!(refused(&pc).await, Error::ReadOnly(_)));
}

#[tokio::test]
async fn a_file_that_its_program_holds_is_busy_and_nothing_is_done_by_halves() {
    let (mut town, a, b, _) = two().await;
    b.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    b.cycle(&mut town).await;
    a.sql("insert into drivers (full_name, region) values ('İki', 'Ankara')");
    let mut office = a.office().await;
    let program = Connection::open(a.path()).unwrap();
    program.execute_batch("begin immediate").unwrap();
    assert!(matches!(office.prepare(&a.clock()).await, Err(Error::Busy(_))));
    assert!(matches!(office.apply(&town.pull(0)).await, Err(Error::Busy(_))));
    program.execute_batch("commit").unwrap();
    assert_eq!(office.standing().await.unwrap().waiting, 1);
    drop(office);
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_left_alone() {
    let (_, a, ..) = two().await;
    a.sql("update denk_state set value = '2' where name = 'form'");
    assert!(matches!(refused(&a).await, Error::NewerTables(2)));
}

#[tokio::test]
async fn nothing_of_denk_stays_in_a_file_that_it_leaves() {
    let pc = Pc::new(1);
    let schema = "select type, name, sql from sqlite_schema order by 1, 2";
    let settings = "select (select journal_mode from pragma_journal_mode), (select page_size from pragma_page_size), (select user_version from pragma_user_version)";
    let before = (pc.ask(schema), pc.ask(settings), pc.ask("select * from sqlite_sequence"));
    let mut town = crate::town::Town::new();
    pc.cycle(&mut town).await;
    assert!(pc.ask(schema).contains("denk_shadow"));
    pc.office().await.remove().await.unwrap();
    assert_eq!((pc.ask(schema), pc.ask(settings), pc.ask("select * from sqlite_sequence")), before);
    assert_eq!(pc.ask("pragma integrity_check"), "ok");
    let beside: Vec<_> = std::fs::read_dir(pc.path().parent().unwrap()).unwrap().collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
    pc.desktop.save_employee(None, &person("Sonra")).unwrap();
}

#[tokio::test]
async fn a_row_that_nobody_can_read_is_told_and_sent_when_it_can_be() {
    let (mut town, a, b, _) = two().await;
    a.sql("insert into drivers (full_name, region) values (cast(x'4dfc64fc72' as text), 'Ankara'), ('Okunur', 'Ankara')");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    assert_eq!((a.standing().await.aside, b.ask("select full_name from drivers")), (1, "Okunur".to_owned()));
    a.cycle(&mut town).await;
    assert_eq!(a.standing().await.aside, 1, "nothing is forgotten of it");
    a.sql("update drivers set full_name = 'Müdür' where full_name <> 'Okunur'");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    assert_eq!(
        (a.standing().await.aside, b.ask("select full_name from drivers order by 1")),
        (0, "Müdür Okunur".to_owned())
    );
}
