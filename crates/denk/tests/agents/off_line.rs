//! An office without a network for a month.

use testkit::office::{self, Shape, Size};

use crate::{HOURS, Office, PEOPLE, a_while_goes_by, hub::Hub, proxy::Proxy};

const INSERTED: usize = 2_600;
/// As many as pass without a person's approval.
const CHANGED: usize = 288;
const DELETED: usize = 110;
const TITLES: usize = 2;

/// 3 000 changes, as the program makes them over a month.
fn work(office: &Office) {
    office.write(&format!(
        "with recursive days(n) as (select 1 union all select n + 1 from days where n < {INSERTED})
         insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
         select 1 + n % 5, date('2026-03-01', '+' || (n / 5) || ' days'), '08:00', '17:00', 60, 0,
                printf('gün %05d', n), 'Ankara' from days;
         update timesheets set notes = 'düzeltme ' || id where id in (select id from timesheets order by id limit {CHANGED});
         delete from timesheets where id in
             (select id from timesheets order by id limit {DELETED} offset {CHANGED});
         update employees set title = 'erken' where id = 1"
    ));
}

#[test]
fn a_month_of_changes_arrives_whole_and_in_the_order_of_the_edits() {
    let mut hub = Hub::start();
    let proxy = Proxy::to(&hub);
    let file = hub.folder.path().join("a1.db");
    let year = office::Office { shape: Shape::Live, size: Size::year(), region: "Ankara", seed: 1 };
    office::generate(&file, &year).unwrap();
    let away = Office::new(&hub, "a1", "Ankara", file).through(&hub, &proxy);
    let other = Office::new(&hub, "a2", "Ankara", hub.file("a2.db", "Ankara", 2)).through(&hub, &proxy);
    for office in [&away, &other, &away] {
        office.synced(&hub);
    }
    hub.kill();
    assert_eq!(away.once(&hub).1["error"]["code"], "DENK-5017");
    work(&away);
    // As if the new rows had been entered over the whole month.
    away.write(
        "update denk_journal set at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-30 days', (id * 600) || ' seconds')
         where operation = 'I'",
    );
    let names = away.rows("select full_name from employees where id in (1, 2) order by id");
    a_while_goes_by();
    for name in &names {
        other.write(&format!("update employees set title = 'orta' where full_name = '{name}'"));
    }
    a_while_goes_by();
    away.write("update employees set title = 'geç' where id = 2");
    let book = away.rows(HOURS);

    hub.serve();
    proxy.turn(&hub);
    other.synced(&hub);
    let said = away.synced(&hub);
    assert_eq!(said["pushed"], INSERTED + CHANGED + DELETED + TITLES, "{said:#}");
    assert_eq!((&said["waiting"], &said["refused"]), (&0.into(), &0.into()), "{said:#}");
    other.synced(&hub);
    assert_eq!(away.rows(HOURS), book, "nothing is lost or doubled where it was written");
    assert_eq!(other.rows(HOURS), book, "nor elsewhere");
    assert_eq!(other.rows(PEOPLE), away.rows(PEOPLE));
    let title = |name: &str| away.rows(&format!("select title from employees where full_name = '{name}'"));
    assert_eq!([title(&names[0]), title(&names[1])].concat(), ["orta", "geç"], "the later edit stands");
    let told = "select l.stamp || '.' || t.notes from denk_log l join timesheets t on t.gid = l.gid
                where l.action = 'insert' and t.notes like 'gün %'";
    let told = hub.holds(told);
    let mut told: Vec<(u64, u64, &str)> = told.iter().map(|told| stamp(told)).collect();
    told.sort_unstable();
    assert_eq!(told.len(), INSERTED);
    assert!(told.is_sorted_by_key(|told| told.2), "stamps are in the order of the edits");
}

/// `milliseconds.counter.site.notes`
fn stamp(told: &str) -> (u64, u64, &str) {
    let parts: Vec<&str> = told.splitn(4, '.').collect();
    (parts[0].parse().unwrap(), parts[1].parse().unwrap(), parts[3])
}
