//! What an exchange costs on the wire.

use testkit::office::{self, Shape, Size};

use crate::{Office, Staying, door::Door, hub::Hub, proxy::Proxy, until};

/// Of one save of this many scattered rows, up.
const ROWS: usize = 100;
const UP_MAX: u64 = 3_000;
/// Of a cycle without a change, up and down.
const QUIET_MAX: u64 = 500;

#[test]
fn a_hundred_scattered_rows_and_a_cycle_without_a_change_cost_little() {
    let hub = Hub::start();
    let proxy = Proxy::to(&hub);
    let file = hub.folder.path().join("a1.db");
    let year = office::Office { shape: Shape::Live, size: Size::year(), region: "Ankara", seed: 1 };
    office::generate(&file, &year).unwrap();
    let office = Office::new(&hub, "a1", "Ankara", file).through(&hub, &proxy);
    let agent = Staying::start(&hub, &office);
    let door = Door::of(&agent);
    door.sync();
    // Other cycles may fall into the same time, so the least is what one costs.
    let cost = || {
        let before = proxy.counted();
        door.sync();
        let after = proxy.counted();
        after.0 - before.0 + after.1 - before.1
    };
    let quiet = (0..8).map(|_| cost()).min().unwrap();
    assert!((1..QUIET_MAX).contains(&quiet), "a cycle without a change cost {quiet} bytes");

    let before = proxy.counted().0;
    office.write(
        "update timesheets set notes = 'Ölçüm ' || (id * 7919 % 1000) where id in
         (select id from (select id, row_number() over (order by id) as at from timesheets) where at % 20 = 0)",
    );
    let there = "select notes from timesheets where notes like 'Ölçüm %'";
    until("the hub has the rows", || hub.holds(there).len() == ROWS);
    door.sync();
    let up = proxy.counted().0 - before;
    println!("quiet cycle: {quiet} bytes; {ROWS} rows: {up} bytes up");
    assert!(up < UP_MAX, "{ROWS} rows cost {up} bytes up");
}
