//! Updates of the program that bring a column, take one away and back, or make one anew.

use testkit::office::Size;

use crate::{
    day::{agree, two},
    hub::text,
    pc::Pc,
    town::Town,
};

/// Cells of which the hub has two values: row, column, what stands and what does not.
fn conflicts(town: &Town) -> Vec<String> {
    let vehicles = town.rules.table("vehicles").unwrap();
    let plate = town.rules[vehicles].column("plate").unwrap();
    let shown = town.hub.conflicts.iter().map(|one| {
        let named = town.hub.rows[&one.gid].cells[plate.0].as_ref().unwrap();
        let column = &town.rules[one.table][one.column.unwrap()].name;
        let [winner, loser] = [&one.winner, &one.loser].map(|side| side.value.as_ref().unwrap());
        format!("{named} {column} {winner} {loser}")
    });
    let mut shown: Vec<_> = shown.collect();
    shown.sort();
    shown
}

const OIL: &str = "select plate, km, oil_interval_km from vehicles order by plate";

/// Two PCs with four vehicles, of which the first lacks a column that the other writes to.
async fn without_a_column() -> (Town, Pc, Pc) {
    let (mut town, a, b, _) = two().await;
    a.sql("alter table vehicles drop column oil_interval_km");
    a.sql("insert into vehicles (plate, km, region) values ('1', 1, 'Ankara'), ('2', 1, 'Ankara'), ('3', 1, 'Ankara')");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    b.sql("update vehicles set oil_interval_km = 15000, km = 2");
    b.sql("insert into vehicles (plate, km, oil_interval_km, region) values ('4', 2, 15000, 'Ankara'), ('5', 2, null, 'Ankara')");
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    (town, a, b)
}

#[tokio::test]
async fn what_is_typed_into_a_new_column_by_who_has_not_seen_it_is_a_conflict() {
    let (mut town, a, b) = without_a_column().await;
    a.sql("alter table vehicles add column oil_interval_km integer default 5");
    // Before the agent has seen the column, and after it has, off-line.
    a.sql("update vehicles set oil_interval_km = 7, km = 3 where plate = '1'");
    a.office().await.install().await.unwrap();
    a.sql("update vehicles set oil_interval_km = 8 where plate in ('2', '4', '5')");
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    let said = "1|3|7 2|2|8 3|2|15000 4|2|8 5|2|8";
    assert_eq!([a.ask(OIL), b.ask(OIL)], [said, said]);
    let oil = |plate: u8, value: u8| format!("{plate} oil_interval_km {value} 15000");
    assert_eq!(conflicts(&town), [oil(1, 7), oil(2, 8), oil(4, 8)], "not the km, which were seen");
    agree(&town, &[&a, &b]);
    // From now on it has seen it.
    a.sql("update vehicles set oil_interval_km = 9");
    a.cycle(&mut town).await;
    assert_eq!(town.hub.conflicts.len(), 3);
}

#[tokio::test]
async fn what_is_typed_into_a_column_that_was_away_by_who_has_not_seen_it_is_a_conflict() {
    let (mut town, a, b, _) = two().await;
    b.sql("insert into vehicles (plate, km, notes, region) values ('1', 1, 'Eski', 'Ankara'), ('2', 1, 'Eski', 'Ankara'), ('3', 1, 'Eski', 'Ankara'), ('4', 1, 'Eski', 'Ankara')");
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    a.sql("alter table vehicles rename column notes to eski");
    a.cycle(&mut town).await;
    b.sql("update vehicles set notes = 'Yeni', km = 2 where plate < '4'");
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    a.sql("alter table vehicles rename column eski to notes");
    a.sql("update vehicles set notes = 'Benim', km = 3 where plate in ('1', '4')");
    a.office().await.install().await.unwrap();
    a.sql("update vehicles set notes = 'Bizim' where plate = '2'");
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    let said = "1|3|Benim 2|2|Bizim 3|2|Yeni 4|3|Benim";
    for pc in [&a, &b] {
        assert_eq!(pc.ask("select plate, km, notes from vehicles order by plate"), said);
    }
    assert_eq!(conflicts(&town), ["1 notes Benim Yeni", "2 notes Bizim Yeni"]);
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn what_others_say_in_a_new_column_comes_down_although_a_batch_from_before_waited() {
    let (mut town, a, b) = without_a_column().await;
    a.sql("update vehicles set km = 3 where plate < '3'");
    let push = a.office().await.prepare(&a.clock()).await.unwrap().unwrap();
    a.office().await.mark_held(push.number).await.unwrap();
    a.sql("alter table vehicles add column oil_interval_km integer default 5");
    a.office().await.install().await.unwrap();
    a.pull(&town).await;
    assert_eq!(a.ask(OIL), "1|3|5 2|3|5 3|2|15000 4|2|15000 5|2|null");
    a.sql("update vehicles set oil_interval_km = 8 where plate = '1'");
    // It is let through, and nobody else has done anything.
    let head = town.hub.rev.0;
    let mut answer = town.push(a.site, &push);
    (answer.from, answer.to) = (head, town.hub.rev.0);
    assert!(answer.fates.iter().all(|fate| fate.end == replica::wire::End::Taken));
    a.office().await.settle(&answer).await.unwrap();
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(conflicts(&town), ["1 oil_interval_km 8 15000"]);
    assert_eq!(a.ask(OIL), "1|3|8 2|3|15000 3|2|15000 4|2|15000 5|2|null");
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn what_was_not_told_yet_survives_another_type_of_its_column() {
    for (made_anew, emptied) in [
        (
            "alter table vehicles rename to eski; {new}; insert into vehicles select {columns} from eski; drop table eski",
            "null",
        ),
        // The writing is kept, its form is not.
        (
            "alter table vehicles rename to eski; {new}; insert into vehicles select {columns} from eski; drop table eski; update vehicles set notes = notes || '.' where notes <> ''",
            "''",
        ),
    ] {
        let (mut town, a, b, _) = two().await;
        b.sql("insert into vehicles (plate, km, notes, oil_interval_km, region) values ('1', 1, 'Not', 7, 'Ankara')");
        b.cycle(&mut town).await;
        a.cycle(&mut town).await;
        a.sql(&format!("update vehicles set notes = {emptied}, oil_interval_km = 5"));
        let columns = a.ask("select name from pragma_table_info('vehicles')").replace(' ', ", ");
        let typed = columns
            .replace("id,", "id integer primary key autoincrement,")
            .replace("plate,", "plate text unique,");
        let typed = typed
            .replace("notes,", "notes varchar(90),")
            .replace("oil_interval_km,", "oil_interval_km bigint default 5,");
        assert!(typed.contains("varchar") && typed.contains("bigint"), "{typed}");
        let script = made_anew
            .replace("{new}", &format!("create table vehicles ({typed})"))
            .replace("{columns}", &columns);
        a.sql(&format!("pragma foreign_keys = off; pragma legacy_alter_table = on; {script}"));
        for pc in [&a, &b, &a] {
            pc.cycle(&mut town).await;
        }
        let said = format!("1|{}|5", if emptied == "null" { "null" } else { "" });
        for pc in [&a, &b] {
            assert_eq!(pc.ask("select plate, notes, oil_interval_km from vehicles"), said, "{made_anew}");
        }
        assert_eq!(conflicts(&town), [""; 0]);
    }
}

#[tokio::test]
async fn a_column_that_is_dropped_and_made_with_another_type_empties_nothing() {
    let mut town = Town::new();
    let (a, b) = (Pc::with(1, Size::small()), Pc::new(2));
    a.sql("update employees set department = 'Depo'");
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
    }
    let count = a.ask("select count(*) from employees");
    a.sql("alter table employees drop column department; alter table employees add column department varchar(40) default ''");
    a.sql(
        "update employees set title = 'Usta', department = 'Ofis' where id = (select min(id) from employees)",
    );
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    let others = (count.parse::<u32>().unwrap() - 1).to_string();
    for pc in [&a, &b] {
        assert_eq!(pc.ask("select count(*) from employees where department = 'Depo'"), others);
        assert_eq!(pc.ask("select title from employees where department = 'Ofis'"), "Usta");
    }
    assert!(town.hub.remembers(&text("Depo")));
    agree(&town, &[&a, &b]);
}
