//! What stops the agent, and what it says then.

use agent::office::{Error, Lack, Office, Stranger};
use rusqlite::Connection;
use testkit::office::{Shape, Size, generate};

use crate::{
    day::{agree, person, two},
    pc::{Pc, town_says},
    town::Town,
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
    assert_eq!(stranger(&pc).await, Stranger::NoTable("employees".to_owned()));
    std::fs::write(pc.path(), &bytes).unwrap();
    pc.office().await;
    assert_eq!(std::fs::read(pc.path()).unwrap(), bytes, "opening changes nothing");
}

async fn stranger(pc: &Pc) -> Stranger {
    match refused(pc).await {
        Error::NotAnOfficeFile(path, stranger) if path == pc.path() => stranger,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_only_looks_like_an_office_s_file_is_told_what_it_lacks_and_left_as_it_is() {
    let no_table = |table: &str| Stranger::NoTable(table.to_owned());
    let no_column =
        |table: &str, column: &str| Stranger::NoColumn { table: table.to_owned(), column: column.to_owned() };
    let people = "create table employees (id integer primary key, full_name text);";
    let hours = "create table timesheets (id integer primary key, employee_id integer, work_date text, start_time text)";
    let (cars, drivers) = (
        "create table vehicles (id integer primary key, plate text);",
        "create table drivers (id integer primary key, full_name text);",
    );
    for (sql, lacks) in [
        ("create table invoices (id integer primary key)".to_owned(), no_table("employees")),
        (format!("{people} create table invoices (id integer)"), no_table("timesheets")),
        (format!("{people}{cars}{drivers}"), no_table("timesheets")),
        (format!("{people}{hours}"), no_column("timesheets", "end_time")),
        (
            "create table employees (id integer primary key, name text)".to_owned(),
            no_column("employees", "full_name"),
        ),
        (
            format!("{people}{hours}; alter table timesheets add column end_time text; alter table employees rename to e;
                     create view employees as select * from e"),
            Stranger::View("employees".to_owned()),
        ),
        (
            format!("pragma encoding = 'UTF-16'; {people}{hours}; alter table timesheets add column end_time text"),
            Stranger::Encoding,
        ),
    ] {
        let pc = Pc::new(1);
        std::fs::remove_file(pc.path()).unwrap();
        pc.sql(&sql);
        let bytes = std::fs::read(pc.path()).unwrap();
        assert_eq!(stranger(&pc).await, lacks, "{sql}");
        assert_eq!(std::fs::read(pc.path()).unwrap(), bytes, "{sql}");
    }
}

#[tokio::test]
async fn a_file_of_every_edition_of_the_program_is_an_office_s_but_for_the_abandoned_one() {
    for shape in Shape::ALL {
        let pc = Pc::new(1);
        std::fs::remove_file(pc.path()).unwrap();
        let office = testkit::office::Office { shape, size: Size::small(), region: "Ankara", seed: 3 };
        generate(pc.path(), &office).unwrap();
        if shape == Shape::V2 {
            let plate = Stranger::NoColumn { table: "vehicles".to_owned(), column: "plate".to_owned() };
            assert_eq!(stranger(&pc).await, plate);
        } else {
            assert!(Office::open(pc.path(), &pc.rules).await.is_ok(), "{}", shape.name());
        }
    }
}

#[tokio::test]
async fn a_file_in_which_denk_was_stays_an_office_s_whatever_its_program_does_to_its_tables() {
    let (mut town, a, ..) = two().await;
    a.sql("pragma foreign_keys = off; drop table timesheets; drop table vehicle_faults; drop table vehicle_inspections");
    let lacks = a.office().await.install().await.unwrap_err();
    assert!(matches!(lacks, Error::Lacks(_, Lack::Table { .. })), "{lacks}");
    a.office().await.remove().await.unwrap();
    a.cycle(&mut town).await;
    a.sql(
        "drop view if exists v; alter table employees rename to e; create view employees as select * from e",
    );
    assert_eq!(stranger(&a).await, Stranger::View("employees".to_owned()));
}

#[tokio::test]
async fn what_denk_does_not_know_of_the_file_is_in_no_one_s_way_and_stays_there() {
    let (mut town, pc) = (Town::new(), Pc::new(1));
    pc.sql("create table eski (x); insert into eski values ('gizli kalan'); drop table eski");
    pc.sql(
        "create virtual table ara using fts5(x); insert into ara values ('gizli aranan'); create table ozel (x); insert into ozel values ('gizli satır');
         create view kisiler as select * from employees; insert into employees (full_name, region) values ('Ayşe Örnek', 'Ankara')",
    );
    let mut office = pc.office().await;
    office.install().await.unwrap();
    let copy = office.copy().await.unwrap();
    drop(office);
    let bytes = std::fs::read(&copy).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("gizli"));
    pc.cycle(&mut town).await;
    assert_eq!(town_says(&town), pc.says());
    let whole = pc.office().await.whole_copy().await.unwrap();
    assert!(!String::from_utf8_lossy(&std::fs::read(whole.path()).unwrap()).contains("gizli"));
    drop(whole);
    pc.office().await.remove().await.unwrap();
    let left = "select (select x from ara), (select x from ozel), (select full_name from kisiler), (select count(*) from sqlite_master where name like 'denk%')";
    assert_eq!(pc.ask(left), "gizli aranan|gizli satır|Ayşe Örnek|0");
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
async fn nothing_of_denk_stays_in_a_file_whose_program_renamed_a_table() {
    let (mut town, a, ..) = two().await;
    a.cycle(&mut town).await;
    a.sql("alter table vehicles rename to v_eski");
    a.office().await.remove().await.unwrap();
    assert_eq!(a.ask("select name, tbl_name from sqlite_master where name like 'denk%'"), "");
}

#[tokio::test]
async fn nothing_of_denk_stays_in_a_file_that_it_leaves() {
    let pc = Pc::new(1);
    let schema = "select type, name, sql from sqlite_schema order by 1, 2";
    let settings = "select (select journal_mode from pragma_journal_mode), (select page_size from pragma_page_size), (select user_version from pragma_user_version)";
    let before = (pc.ask(schema), pc.ask(settings), pc.ask("select * from sqlite_sequence"));
    let mut town = Town::new();
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
