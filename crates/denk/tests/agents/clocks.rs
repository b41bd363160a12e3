//! An office whose clock is wrong. The agent works in this process, as only here its clock can be another.

use std::sync::Arc;

use agent::{Exchange, Link, Report, Tools, office::Lock};

use crate::{Office, PEOPLE, a_while_goes_by, hub::Hub, now_ms};

const HOURS_WRONG: i64 = 3;

/// Of an agent whose clock runs so far before the true one.
pub fn tools(ahead_ms: i64) -> Tools {
    let rules = merge::read(include_str!("../../../../presets/rainstaff/tables.toml")).unwrap();
    Tools {
        rules: Arc::new(rules),
        random: Arc::new(|bytes: &mut [u8]| bytes.fill(7)),
        clock: Arc::new(move || now_ms() + ahead_ms),
    }
}

fn cycle(office: &Office, tools: &Tools) -> Report {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut exchange = Exchange::new(Link::new(&office.line.parse().unwrap()).unwrap());
    runtime.block_on(exchange.cycle(&Lock::take(&office.file).unwrap(), tools)).unwrap()
}

/// The notes of what was not sent yet say this much later, or earlier.
fn later(office: &Office, much: &str) {
    office.write(&format!(
        "update denk_journal set at = strftime('%Y-%m-%d %H:%M:%f', at, '{much}') where table_name is not null"
    ));
}

/// Two people, as both files call them.
fn title(office: &Office, person: &str, title: &str) {
    office.write(&format!("update employees set title = '{title}' where full_name = '{person}'"));
}

fn order_is_right(hours: i64) {
    let hub = Hub::start();
    let wrong = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    let right = Office::new(&hub, "a2", "Ankara", hub.file("a2.db", "Ankara", 2));
    let tools = tools(hours * 3_600_000);
    let report = cycle(&wrong, &tools);
    let seconds = report.clock_ahead_ms / 1000;
    assert!((seconds - hours * 3600).abs() < 60, "the agent tells {seconds} s");
    right.synced(&hub);
    cycle(&wrong, &tools);
    let people = wrong.rows("select full_name from employees order by id limit 2");

    title(&wrong, &people[0], "önce");
    title(&right, &people[1], "önce");
    a_while_goes_by();
    title(&right, &people[0], "sonra");
    title(&wrong, &people[1], "sonra");
    later(&wrong, &format!("{hours:+} hours"));
    // The later edits are heard first here, and last there.
    cycle(&wrong, &tools);
    right.synced(&hub);
    cycle(&wrong, &tools);
    assert_eq!(right.rows(PEOPLE), wrong.rows(PEOPLE));
    for person in &people {
        let later = format!("{person}:sonra");
        assert!(wrong.rows(PEOPLE).contains(&later), "the later edit stands: {later}");
    }
    let alerts = hub.holds("select what from denk_alerts where kind = 'clock_skew'");
    assert_eq!(alerts.len(), 1, "told once: {alerts:?}");
    let side = if hours > 0 { '+' } else { '-' };
    assert!(alerts[0].starts_with(side), "{alerts:?}");
}

#[test]
fn a_clock_three_hours_fast_does_not_change_the_order_of_edits() {
    order_is_right(HOURS_WRONG);
}

#[test]
fn a_clock_three_hours_slow_does_not_change_the_order_of_edits() {
    order_is_right(-HOURS_WRONG);
}
