//! `denk agent` beside office files, and a hub with many of them: how soon a save is elsewhere, and what waiting costs.

mod figures;
mod listener;
mod pc;

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use testkit::office::{self, Office, Shape, Size, Typist};

use self::{figures::Figures, listener::Listener, pc::Pc};
use super::{Bench, measure::timed};
use crate::hub::Hub;

const SAVES: u32 = 30;
/// What is done while an office has no network: entries, and as many changes as need no approval.
const ENTERED: u32 = 2_700;
const NOTED: u32 = 300;
/// Timesheets of an office that has worked for years.
const MANY: u64 = 20_000;
const LISTENERS: usize = 1_000;
/// Of somebody who waits for a row to arrive.
const LOOK: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_mins(5);

pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let mut figures = Figures::default();
    two_places(bench, &mut figures)?;
    undisturbed(bench, &mut figures)?;
    many_listeners(bench, &mut figures)?;
    print!("{figures}");
    Ok(())
}

/// An office with a year of work, and headquarters.
fn two_places(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let hub = bench.hub("agent")?;
    let store = hub.folder().join("data/hub.db");
    let office = Pc::new(&hub, "Office", ("Office", file(&hub, "office", Size::year(), 1)?))?;
    let headquarters = Pc::new(&hub, "Headquarters", ("*", file(&hub, "headquarters", Size::small(), 2)?))?;
    let (mut agent, _other) = (office.stay(&hub)?, headquarters.stay(&hub)?);
    office::note_timesheets(&office.file, 1, 0, "first")?;
    until(&headquarters.file, "first", 1)?;
    let (mut to_hub, mut to_other) = (Vec::new(), Vec::new());
    for save in 1..=SAVES {
        let notes = format!("save {save}");
        office::note_timesheets(&office.file, 1, save, &notes)?;
        let saved = now();
        until(&store, &notes, 1)?;
        to_hub.push(saved.elapsed());
        until(&headquarters.file, &notes, 1)?;
        to_other.push(saved.elapsed());
    }
    figures.median("a save, until the hub has it", to_hub, 1_000.0);
    figures.median("a save, until headquarters' file has it", to_other, 2_000.0);
    figures.add("an agent with nothing to do", ("MB", agent.resident_mb()?), 25.0);
    agent.stop();
    office::enter_timesheets(&office.file, ENTERED, "away")?;
    office::note_timesheets(&office.file, NOTED, SAVES + 1, "away")?;
    let back = timed(|| office.exchange(&hub))?;
    figures.add("3000 changes after a month off-line", ("ms", back.as_secs_f64() * 1e3), 5_000.0);
    let there = office::noted_timesheets(&store, "away")?;
    ensure!(there == u64::from(ENTERED + NOTED), "the hub has {there} of the changes");
    Ok(())
}

/// How long a program that saves all the time has to wait for the agent, at most: with many rows to be met, taken in,
/// told and compared.
fn undisturbed(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let hub = bench.hub("typing")?;
    let size = Size { timesheets: MANY, timesheets_a_day: 40, employees: 80, ..Size::year() };
    let office = Pc::new(&hub, "Office", ("Office", file(&hub, "office", size, 1)?))?;
    let other = Pc::new(&hub, "Other", ("Office", file(&hub, "other", Size::small(), 2)?))?;
    let mut typing = |name: &str, pc: &Pc| {
        let typist = Typist::begin(&pc.file)?;
        pc.exchange(&hub)?;
        figures.add(&format!("a save waits: {name}"), ("ms", typist.end()?.as_secs_f64() * 1e3), 50.0);
        anyhow::Ok(())
    };
    typing("first contact", &office)?;
    typing("everything comes", &other)?;
    let backup = hub.folder().join("backup.db");
    std::fs::copy(&office.file, &backup)?;
    office::enter_timesheets(&office.file, ENTERED, "away")?;
    office::note_timesheets(&office.file, NOTED, 0, "away")?;
    typing("3000 changes go", &office)?;
    typing("3000 changes come", &other)?;
    std::fs::copy(&backup, &office.file)?;
    typing("a restored file", &office)
}

/// A hub to which many agents listen.
fn many_listeners(bench: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let mut hub = bench.hub("listeners")?;
    let mut tokens = Vec::new();
    for at in 0..LISTENERS {
        tokens.push(hub.add_site(&format!("Office {at}"), &format!("Region {}", at % 81))?);
    }
    hub.restart()?;
    let open = |token: &String| Listener::open(&hub.url, token);
    let mut listeners = tokens.iter().map(open).collect::<anyhow::Result<Vec<_>>>()?;
    figures.add(&format!("a hub with {LISTENERS} agents that listen"), ("MB", hub.resident_mb()?), 150.0);
    let last = listeners.pop().context("there are listeners")?;
    let name = format!("Office {}", LISTENERS - 1);
    let revoked = hub.command().args(["site", "revoke", &name, "--json"]).output()?;
    ensure!(revoked.status.success(), "{name} cannot be revoked");
    let ended = timed(|| last.ended())?;
    figures.add("a revoked token, until its listener is cut off", ("ms", ended.as_secs_f64() * 1e3), 1_000.0);
    Ok(())
}

fn file(hub: &Hub, name: &str, size: Size, seed: u64) -> anyhow::Result<std::path::PathBuf> {
    let path = hub.folder().join(format!("{name}.db"));
    office::generate(&path, &Office { shape: Shape::Live, size, region: "Office", seed })?;
    Ok(path)
}

/// Waits until so many timesheets have these notes.
#[expect(clippy::disallowed_methods, reason = "measuring real time is its purpose")]
fn until(path: &Path, notes: &str, rows: u64) -> anyhow::Result<()> {
    let begun = now();
    while office::noted_timesheets(path, notes)? < rows {
        ensure!(begun.elapsed() < PATIENCE, "`{notes}` does not arrive in {}", path.display());
        thread::sleep(LOOK);
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measuring real time is its purpose")]
fn now() -> Instant {
    Instant::now()
}
