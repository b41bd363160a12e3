//! What the journal cannot have seen is found by comparing everything.

use agent::office::{Error, Lack};
use testkit::office::{Employee, Generation, Moment, Timesheet};

use crate::{
    day::{agree, person, two},
    pc::Pc,
    town::Town,
};

#[tokio::test]
async fn what_was_written_without_triggers_is_found() {
    let (mut town, a, b, id) = two().await;
    a.sql("insert into employees (full_name, region) values ('Gidecek', 'Ankara')");
    a.cycle(&mut town).await;
    a.sql("drop trigger denk_journal_update_employees; drop trigger denk_journal_insert_employees; drop trigger denk_journal_delete_employees");
    a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
    a.desktop.save_employee(None, &person("Yeni")).unwrap();
    a.sql("delete from employees where full_name = 'Gidecek'");
    assert_eq!(a.standing().await.waiting, 0);
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(b.ask("select full_name, title from employees order by id"), "Ayşe Örnek|Usta Yeni|");
    agree(&town, &[&a, &b]);
    let standing = a.standing().await;
    assert_eq!((standing.doubt, standing.waiting), (false, 0));
    a.desktop.save_employee(None, &person("Noch einer")).unwrap();
    assert_eq!(a.standing().await.waiting, 1, "the triggers are back");
}

#[tokio::test]
async fn a_table_that_is_made_anew_is_compared_with_what_was_agreed() {
    let (mut town, a, b, id) = two().await;
    a.desktop
        .save_timesheet(None, &Timesheet { employee_id: id, work_date: "2026-05-04", ..Timesheet::default() })
        .unwrap();
    a.cycle(&mut town).await;
    a.sql(
        "pragma foreign_keys = off;
         create table other (id integer primary key autoincrement, full_name text not null, identity_no text, department text, title text, region text);
         insert into other select id, full_name, identity_no, department, 'Yeni unvan', region from employees;
         drop table employees;
         alter table other rename to employees;",
    );
    let mut office = a.office().await;
    office.install().await.unwrap();
    assert!(office.standing().await.unwrap().doubt);
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert_eq!(push.changes.len(), 1);
    assert_eq!(push.changes[0].update.as_ref().unwrap().len(), 1);
    drop(office);
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(b.ask("select title from employees"), "Yeni unvan");
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn a_column_that_the_program_has_got_is_filled_by_the_hub_and_empties_nothing_there() {
    let (mut town, a, b) = (Town::new(), Pc::new(1), Pc::new(2));
    let id = a.desktop.save_employee(None, &person("Ayşe Örnek")).unwrap();
    a.sql("alter table vehicles drop column oil_interval_km; drop table stock_inventory");
    a.sql("insert into vehicles (plate, region) values ('06 AAA 01', 'Ankara')");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    b.sql("update vehicles set oil_interval_km = 15000, km = 7; insert into stock_inventory (seri_no, bolge) values ('S1', 'Ankara')");
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    assert_eq!(a.ask("select km from vehicles"), "7");
    // The program's next version makes what is missing.
    testkit::office::Desktop::start(a.path(), Generation::D2, "Ankara", Moment::USUAL).unwrap();
    if a.ask("select count(*) from pragma_table_info('vehicles') where name = 'oil_interval_km'") == "0" {
        a.sql("alter table vehicles add column oil_interval_km integer default 0");
    }
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    assert_eq!(a.ask("select oil_interval_km from vehicles"), "15000");
    assert_eq!(b.ask("select oil_interval_km from vehicles"), "15000");
    assert_eq!(a.ask("select seri_no from stock_inventory"), "S1");
    assert_eq!(a.ask("select count(*) from employees"), "1", "{id}");
}

/// What the next cycle of a PC says it lacks.
async fn lacked(pc: &Pc) -> Lack {
    match pc.office().await.install().await {
        Err(Error::Lacks(path, lacked)) => {
            assert_eq!(path, pc.path());
            lacked
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn while_a_table_is_away_nothing_is_exchanged_and_nothing_is_lost_when_it_is_back() {
    for (away, back) in [
        ("alter table vehicles rename to v_eski", "alter table v_eski rename to vehicles"),
        (
            "pragma foreign_keys = off; create table v_eski as select * from vehicles; drop table vehicles",
            "create table vehicles (id integer primary key autoincrement, plate text not null unique, km integer, notes text, region text);
             insert into vehicles select id, plate, km, notes, region from v_eski; drop table v_eski",
        ),
    ] {
        let (mut town, a, b, id) = two().await;
        a.sql("insert into vehicles (plate, km, notes, region) values ('06 AAA 01', 1, '', 'Ankara'), ('06 AAA 02', 2, '', 'Ankara'), ('06 AAA 03', 3, '', 'Ankara')");
        a.cycle(&mut town).await;
        b.cycle(&mut town).await;
        a.sql(away);
        a.sql("update v_eski set notes = 'mine' where plate = '06 AAA 03'");
        a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
        b.sql("insert into vehicles (plate, km, notes, region) values ('06 NEW 01', 9, '', 'Ankara'); update vehicles set km = 777 where plate = '06 AAA 01';
               delete from vehicles where plate = '06 AAA 02'");
        b.cycle(&mut town).await;
        for _ in 0..2 {
            assert_eq!(lacked(&a).await, Lack::Table { table: "vehicles".to_owned() });
        }
        a.sql(back);
        for pc in [&a, &b, &a] {
            pc.cycle(&mut town).await;
        }
        let cars = "select plate, km, notes from vehicles order by plate";
        assert_eq!(a.ask(cars), "06 AAA 01|777| 06 AAA 03|3|mine 06 NEW 01|9|", "{away}");
        assert_eq!(b.ask("select km from vehicles where plate = '06 AAA 01'"), "777");
        assert_eq!(b.ask("select notes from vehicles where plate = '06 AAA 03'"), "mine");
        assert_eq!(b.ask("select title from employees"), "Usta");
    }
}

#[tokio::test]
async fn without_a_table_that_is_gone_for_good_the_rest_goes_on_when_somebody_says_so() {
    let (mut town, a, b, _) = two().await;
    a.sql("drop table stock_inventory; drop table drivers");
    a.desktop.save_employee(None, &person("Yeni")).unwrap();
    let gone = |table: &str| Lack::Table { table: table.to_owned() };
    assert_eq!(a.office().await.go_without().await.unwrap(), [gone("drivers"), gone("stock_inventory")]);
    assert_eq!(a.office().await.go_without().await.unwrap(), []);
    b.sql("insert into stock_inventory (seri_no, bolge) values ('S1', 'Ankara')");
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(b.ask("select full_name from employees order by full_name"), "Ayşe Örnek Yeni");
    let schema = b.ask("select sql from sqlite_schema where name = 'stock_inventory'");
    a.sql(&schema);
    a.cycle(&mut town).await;
    assert_eq!(a.ask("select seri_no from stock_inventory"), "S1");
}

#[tokio::test]
async fn while_a_column_that_names_rows_is_away_nothing_is_exchanged_and_nothing_is_lost_when_it_is_back() {
    let (mut town, a, b, id) = two().await;
    a.sql("alter table employees rename column full_name to ad");
    a.sql(&format!("update employees set ad = 'Ayşe Deneme' where id = {id}"));
    b.desktop.save_employee(None, &person("Yeni")).unwrap();
    b.sql("update employees set department = 'Depo' where full_name = 'Ayşe Örnek'");
    b.cycle(&mut town).await;
    let (table, column) = ("employees".to_owned(), "full_name".to_owned());
    assert_eq!(lacked(&a).await, Lack::Column { table, column });
    a.sql("alter table employees rename column ad to full_name");
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    for pc in [&a, &b] {
        assert_eq!(
            pc.ask("select full_name, department from employees order by full_name"),
            "Ayşe Deneme|Depo Yeni|"
        );
    }
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn what_a_column_says_that_was_away_for_a_while_is_nobody_s_edit() {
    let (mut town, a, b, id) = two().await;
    a.desktop
        .save_employee(Some(id), &Employee { department: "Eski", title: "Eski", ..person("Ayşe Örnek") })
        .unwrap();
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    a.sql("alter table employees rename column department to bolum");
    b.sql("update employees set department = 'Yeni', title = 'Yeni'");
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    assert_eq!(a.ask("select bolum, title from employees"), "Eski|Yeni");
    a.desktop
        .save_timesheet(None, &Timesheet { employee_id: id, work_date: "2026-05-04", ..Timesheet::default() })
        .unwrap();
    a.sql("update employees set title = 'Usta'");
    a.cycle(&mut town).await;
    a.sql("alter table employees rename column bolum to department");
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    for pc in [&a, &b] {
        assert_eq!(pc.ask("select department, title from employees"), "Yeni|Usta");
    }
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn a_column_that_denk_does_not_know_is_named() {
    let (mut town, a, ..) = two().await;
    assert_eq!(a.standing().await.unknown, Vec::<String>::new());
    a.sql("alter table vehicles add column renk text");
    a.cycle(&mut town).await;
    assert_eq!(a.standing().await.unknown, ["vehicles.renk"]);
}

#[tokio::test]
async fn once_a_day_everything_is_compared() {
    let (mut town, a, ..) = two().await;
    a.sql("insert into denk_own values (1); update employees set title = 'x'; delete from denk_own");
    assert_eq!(a.push_once(&mut town).await, None);
    let mut clock = a.clock();
    clock.now_ms += 24 * 60 * 60 * 1000;
    let push = a.office().await.prepare(&clock).await.unwrap().unwrap();
    assert_eq!(push.changes.len(), 1);
}

#[tokio::test]
async fn a_file_without_its_shadow_is_met_again() {
    let (mut town, a, b, _) = two().await;
    a.sql("drop table denk_shadow");
    a.office().await.install().await.unwrap();
    assert_eq!(a.standing().await.hub, None);
    let _ = (&mut town, b);
}
