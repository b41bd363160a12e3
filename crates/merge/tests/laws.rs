//! The laws of merging, over random offices that work without seeing each other.
#![allow(clippy::unwrap_used, reason = "tests")]

mod hub;
mod office;

use std::collections::HashSet;

use hub::{Hub, rainstaff};
use merge::{Author, Cells, Change, Region, Rules, TableId, Verdict};
use model::{Gid, Rev, Stamp, Value};
use office::{Office, Op, any_op, seed, without_deletions, without_moves};
use proptest::prelude::*;

const SITES: u32 = 3;
const HEADQUARTERS: [&str; 3] = ["*", "*", "*"];
const MIXED: [&str; 3] = ["Ankara", "Bursa", "*"];

/// What is done between two uploads, and which sites then take the hub's file: one bit each.
type Cycle = (Vec<(u32, Op)>, u8);

/// What came of it.
struct World {
    rules: Rules,
    /// After each cycle.
    hubs: Vec<Hub>,
    said: Vec<(Author, Change)>,
    refused: HashSet<Stamp>,
    written: Vec<Value>,
    /// Values that somebody saw who wrote others in their place, and those of changes that were refused.
    let_go: Vec<Value>,
}

impl World {
    fn hub(&self) -> &Hub {
        self.hubs.last().unwrap()
    }
}

/// Offices work on their files, upload, go on; the uploads of one cycle come change by change, as `turns` says.
fn live(cycles: &[Cycle], offices: Vec<Office>, rules: &Rules, turns: &[u32]) -> World {
    let (mut offices, mut refused) = (offices, HashSet::new());
    let (mut hub, mut hubs, mut said, mut let_go) = (seed(rules), Vec::new(), Vec::new(), Vec::new());
    offices.iter_mut().for_each(|office| office.download(&hub));
    for (number, (work, downloads)) in cycles.iter().enumerate() {
        for (at, (site, op)) in work.iter().enumerate() {
            offices[*site as usize - 1].work(op, 100 * number + at);
        }
        let mut waiting: Vec<_> = offices.iter_mut().map(|office| office.take().into_iter()).collect();
        let rest = (1..=SITES).flat_map(|site| std::iter::repeat_n(site, 400));
        for at in turns.iter().copied().chain(rest).map(|site| site as usize - 1) {
            let Some(change) = waiting[at].next() else { continue };
            let outcome = hub.take(rules, &offices[at].author, std::slice::from_ref(&change)).remove(0);
            if matches!(outcome.verdict, Verdict::Refused(_)) {
                let_go.extend(office::values(&change));
                refused.insert(change.stamp);
            }
            said.push((offices[at].author.clone(), change));
        }
        for (at, office) in offices.iter_mut().enumerate() {
            if downloads & (1 << at) == 0 { office.keep(&hub) } else { office.download(&hub) }
        }
        hubs.push(hub.clone());
    }
    let_go.extend(offices.iter().flat_map(|office| office.replaced.iter().cloned()));
    let written = offices.iter().flat_map(|office| office.written.iter().cloned()).collect();
    World { rules: rules.clone(), hubs, said, refused, written, let_go }
}

/// Everybody sees everything in the file and may refer to everything.
fn free(cycles: &[Cycle], regions: [&str; 3], turns: &[u32]) -> World {
    let rules = rainstaff();
    let office = |(site, region): (u32, &str)| Office::new(&rules, site, Region::new(region));
    live(cycles, (1..=SITES).zip(regions).map(office).collect(), &rules, turns)
}

/// Everybody has the file that the hub hands out, and rows stay in their region.
fn apart(cycles: &[Cycle], regions: [&str; 3], turns: &[u32]) -> World {
    let rules = rainstaff();
    let office = |(site, region): (u32, &str)| Office::new(&rules, site, Region::new(region)).apart();
    live(cycles, (1..=SITES).zip(regions).map(office).collect(), &rules, turns)
}

/// The data after each cycle, in short, for messages.
fn shown(world: &World) -> Vec<Vec<String>> {
    let row = |(gid, (table, cells)): (Gid, (TableId, Cells))| {
        let cells: Vec<_> =
            cells.iter().map(|c| c.as_ref().map_or("?".to_owned(), ToString::to_string)).collect();
        format!("{gid} {} {}", world.rules[table].name, cells.join(" | "))
    };
    world.hubs.iter().map(|hub| hub.data().into_iter().map(row).collect()).collect()
}

fn cycles(op: impl Strategy<Value = Op>) -> impl Strategy<Value = Vec<Cycle>> {
    let work = prop::collection::vec((1..=SITES, op), 1..10);
    prop::collection::vec((work, 0..8_u8), 1..4)
}

fn turns() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(1..=SITES, 0..40)
}

fn regions() -> impl Strategy<Value = [&'static str; 3]> {
    prop_oneof![Just(HEADQUARTERS), Just(MIXED)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    // What is left out here depends on the order of arrival, see the head of `merge.rs`.
    #[test]
    fn any_order_of_arrival_gives_the_same_data(
        work in cycles(without_moves()), regions in regions(), a in turns(), b in turns(),
    ) {
        prop_assert_eq!(shown(&apart(&work, regions, &a)), shown(&apart(&work, regions, &b)));
    }

    #[test]
    fn any_order_of_moves_gives_the_same_data(
        work in cycles(without_deletions()), regions in regions(), a in turns(), b in turns(),
    ) {
        prop_assert_eq!(shown(&apart(&work, regions, &a)), shown(&apart(&work, regions, &b)));
    }

    #[test]
    fn twice_is_once(work in cycles(any_op()), regions in regions(), turns in turns()) {
        let world = free(&work, regions, &turns);
        let mut hub = world.hub().clone();
        // What was refused may be sent again when things have changed.
        for (author, change) in world.said.iter().filter(|(_, change)| !world.refused.contains(&change.stamp)) {
            hub.take(&world.rules, author, std::slice::from_ref(change));
        }
        prop_assert_eq!(hub.data(), world.hub().data());
        prop_assert_eq!(&hub.conflicts, &world.hub().conflicts);
        prop_assert_eq!(hub.history.len(), world.hub().history.len());
    }

    #[test]
    fn a_whole_batch_is_its_changes_one_by_one(work in cycles(any_op()), regions in regions(), turns in turns()) {
        let world = free(&work, regions, &turns);
        let mut whole = seed(&world.rules);
        for batch in world.said.chunk_by(|(a, _), (b, _)| a.site == b.site && a.seen == b.seen) {
            let changes: Vec<_> = batch.iter().map(|(_, change)| change.clone()).collect();
            whole.take(&world.rules, &batch[0].0, &changes);
        }
        prop_assert_eq!(whole.data(), world.hub().data());
        prop_assert_eq!(&whole.conflicts, &world.hub().conflicts);
    }

    #[test]
    fn no_written_value_ever_disappears(work in cycles(any_op()), regions in regions(), turns in turns()) {
        let world = free(&work, regions, &turns);
        for value in &world.written {
            prop_assert!(world.hub().remembers(value) || world.let_go.contains(value), "{value} is nowhere");
        }
    }

    #[test]
    fn no_row_hangs_on_another_parent(work in cycles(any_op()), regions in regions(), turns in turns()) {
        let world = free(&work, regions, &turns);
        let timesheets = world.rules.table("timesheets").unwrap();
        let seeded = seed(&world.rules);
        for (gid, (table, cells)) in world.hub().data() {
            if table == timesheets {
                let said = world.said.iter().map(|(_, change)| change).filter(|change| change.gid == gid);
                let mut parents: Vec<_> = said.filter_map(|change| office::parent_said(&world.rules, change)).collect();
                parents.extend(seeded.rows.get(&gid).and_then(|row| row.cells[0].clone()));
                let today = parents.iter().filter_map(Gid::of).map(|parent| world.hub().today(parent).into());
                prop_assert!(today.map(Some).any(|parent: Option<Value>| parent == cells[0]));
            }
        }
    }
}

#[test]
fn the_seed_is_seen_by_all() {
    assert!(seed(&rainstaff()).rev > Rev(5));
}
