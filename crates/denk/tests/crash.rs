//! The program is killed at any moment of a run; the next run finishes the work.
#![allow(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::{process::Stdio, sync::mpsc, time::Duration};

use shop::{Shop, written};
use testkit::entegra::{self, Work};

/// Kills a run after `moment`, unless it ended before. Whether it was killed.
fn killed(shop: &Shop, moment: Duration) -> bool {
    let mut child = shop
        .command(&["run", "entegra", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Nobody ever sends: this only waits.
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(moment);
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

fn survives(shop: &Shop, rounds: u32, longest: Duration) -> u32 {
    let mut kills = 0;
    for round in 0..rounds {
        if round > 0 {
            entegra::day(&shop.entegra(), &Work::usual(), u64::from(round)).unwrap();
        }
        kills += u32::from(killed(shop, longest * round / rounds));
        shop.run(0);
        assert_eq!(written(&shop.run(0)), 0, "the cursor says what is there, round {round}");
        shop.assert_equal();
    }
    kills
}

fn length_of_a_run() -> Duration {
    let shop = Shop::on_sqlite();
    let run = shop.run(0);
    let seconds: f64 =
        run["flows"].as_array().unwrap().iter().map(|flow| flow["seconds"].as_f64().unwrap()).sum();
    // Two flows run side by side, or wait for each other's turn.
    Duration::from_secs_f64(seconds / 2.0)
}

#[test]
fn killed_at_25_moments_with_the_web_in_a_file() {
    let kills = survives(&Shop::on_sqlite(), 25, length_of_a_run());
    assert!(kills >= 10, "only {kills} runs were still running when they were killed");
}

#[test]
fn killed_at_25_moments_with_the_web_in_postgresql() {
    let kills = survives(&Shop::on_postgres(), 25, length_of_a_run());
    assert!(kills >= 10, "only {kills} runs were still running when they were killed");
}
