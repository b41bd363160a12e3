//! The old program does not notice the triggers: a plain connection, as it opens it.

use rusqlite::Connection;

use crate::{day::two, pc::Pc};

const STATEMENTS: [&str; 16] = [
    "insert into vehicles (plate, region) values ('06 A 1', 'Ankara')",
    "insert into vehicles (plate, region) values ('06 A 2', 'Ankara'), ('06 A 9', 'Ankara')",
    "update vehicles set km = 5",
    "insert into vehicles (plate, region) values ('06 A 1', 'Ankara')",
    "insert or ignore into vehicles (plate) values ('06 A 1')",
    "insert or replace into vehicles (plate, region) values ('06 A 1', 'Ankara')",
    "insert or replace into vehicles (id, plate, region) values (2, '06 A 1', 'Ankara')",
    "update or replace vehicles set plate = '06 A 9' where plate = '06 A 1'",
    "update or ignore vehicles set plate = '06 A 9'",
    "insert into vehicles (plate) values ('06 A 9') on conflict (plate) do update set km = 9",
    "insert or fail into vehicles (plate) values ('06 A 3'), ('06 A 9'), ('06 A 4')",
    "insert into vehicle_faults (vehicle_id, title) select id, 'x' from vehicles",
    "insert into vehicle_faults (vehicle_id, title) values (999, 'x')",
    "update vehicles set id = id + 100 where plate = '06 A 3'",
    "delete from vehicles where plate = '06 A 9'",
    "insert into drivers (full_name) values ('Bir')",
];

/// What the program hears of each statement, and what stands in the file then.
fn heard(pc: &Pc, recursive: bool) -> Vec<String> {
    let program = Connection::open(pc.path()).unwrap();
    program.execute_batch("pragma foreign_keys = on").unwrap();
    program.pragma_update(None, "recursive_triggers", recursive).unwrap();
    program.pragma_update(None, "trusted_schema", false).unwrap();
    let each = STATEMENTS.iter().map(|sql| {
        let done = program.execute(sql, []).map_err(|error| error.to_string());
        let dump = pc.ask("select id, plate, km from vehicles")
            + &pc.ask("select id, vehicle_id from vehicle_faults");
        // Of others nobody asks which row they added.
        let added = (done.is_ok() && sql.starts_with("insert")).then(|| program.last_insert_rowid());
        format!("{sql}: {done:?} {added:?} {} {dump}", program.changes())
    });
    each.collect()
}

#[tokio::test]
async fn what_the_program_hears_is_what_it_heard_before() {
    for recursive in [false, true] {
        let (_, with, ..) = two().await;
        let without = with.copied(9);
        without.office().await.remove().await.unwrap();
        assert_eq!(without.ask("select count(*) from sqlite_schema where name like 'denk%'"), "0");
        let other = heard(&without, recursive);
        let odd = heard(&with, recursive).into_iter().zip(other).find(|(with, without)| with != without);
        assert_eq!(odd, None);
    }
}

#[tokio::test]
async fn what_such_statements_do_is_told_exactly() {
    let (mut town, a, b, _) = two().await;
    a.sql("insert into vehicles (plate, km, region) values ('1', 1, 'Ankara'), ('2', 2, 'Ankara'), ('3', 3, 'Ankara')");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    a.sql("update or replace vehicles set plate = '2' where plate = '1'; insert or replace into vehicles (plate, km, region) values ('3', 33, 'Ankara')");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    assert_eq!(a.ask("select plate, km from vehicles order by plate"), "2|1 3|33");
    crate::day::agree(&town, &[&a, &b]);
    assert_eq!(b.standing().await.late, 0);
}
