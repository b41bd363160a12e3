//! `denk serve` as old office programs use it: whole files up, whole files down, over HTTP.
//!
//! Processor time counts beside wall time: it does not depend on what else the machine does, and tells what one core
//! can carry.

mod figures;
pub mod pages;
mod web;

use std::{fs, ops::Range, path::PathBuf};

use anyhow::{Context as _, ensure};
use testkit::office::{self, Office, Shape, Size};

use self::{
    figures::{Figures, Goal},
    web::Web,
};
use super::Bench;
use crate::hub::Hub;

/// Timesheets of which each measured upload changes some: so many that no guard holds it.
const SMALL: Size = Size { timesheets: 500, ..Size::small() };
const CHANGED: u32 = 100;
/// Offices that send at the same time, and how often each.
const OFFICES: u64 = 8;
const ROUNDS: u32 = 25;
const SITES_KNOWN: usize = 1000;

/// One office with a token of its own.
struct Site {
    token: String,
    file: PathBuf,
    /// Timesheets in the file.
    timesheets: u32,
}

pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let web = Web::new()?;
    many_small(bench, &web)?;
    one_office(bench, &web, "one year", Size::year(), Goal { most_ms: Some(60), ..Goal::default() })?;
    let large = Goal { most_ms: Some(2000), most_mb: Some(200), ..Goal::default() };
    one_office(bench, &web, "100 000 timesheets", Size::large(), large)?;
    idle(bench, &web)
}

/// Many offices send small files with changed rows at the same time.
fn many_small(bench: &Bench, web: &Web) -> anyhow::Result<()> {
    let hub = bench.hub("small")?;
    let sites = (0..OFFICES).map(|at| site(&hub, at, SMALL)).collect::<anyhow::Result<Vec<_>>>()?;
    for site in &sites {
        web.upload(&hub, site, &fs::read(&site.file)?)?;
    }
    let bytes = fs::metadata(&sites[0].file)?.len();
    let mut figures =
        Figures::new(&format!("{OFFICES} offices, files of {bytes} bytes, {CHANGED} rows changed"));
    let one = versions(&sites[0], 0..ROUNDS)?;
    figures.add(
        "one office, one upload",
        Goal::default(),
        &hub,
        (one.len(), |at| web.change(&hub, &sites[0], &one[at])),
    )?;
    let rounds = ROUNDS..2 * ROUNDS;
    let all = sites.iter().map(|site| versions(site, rounds.clone())).collect::<anyhow::Result<Vec<_>>>()?;
    let work = || web.change_all(&hub, &sites, &all);
    figures.add_many(
        "all at once, an upload",
        Goal { least_a_second: Some(50), ..Goal::default() },
        &hub,
        (OFFICES as usize * ROUNDS as usize, work),
    )?;
    print!("{figures}");
    Ok(())
}

/// A file of this size on its way: first, changed, unchanged; and back.
fn one_office(bench: &Bench, web: &Web, title: &str, size: Size, goal: Goal) -> anyhow::Result<()> {
    let runs = bench.runs as usize;
    let hub = bench.hub(title)?;
    let sites = (0..bench.runs.into()).map(|at| site(&hub, at, size)).collect::<anyhow::Result<Vec<_>>>()?;
    let bytes = fs::metadata(&sites[0].file)?.len();
    let mut figures = Figures::new(&format!("{title}: a file of {bytes} bytes"));
    figures.add(
        "first upload",
        goal,
        &hub,
        (runs, |at| web.upload(&hub, &sites[at], &fs::read(&sites[at].file)?)),
    )?;
    let site = &sites[0];
    let changed = versions(site, 0..bench.runs)?;
    figures.add(
        &format!("{CHANGED} rows changed"),
        goal,
        &hub,
        (runs, |at| web.change(&hub, site, &changed[at])),
    )?;
    let last = &changed[runs - 1];
    figures.add("nothing changed", Goal::default(), &hub, (runs, |_| web.upload(&hub, site, last)))?;
    let memory = Goal { most_mb: goal.most_mb, ..Goal::default() };
    figures.add("first download", memory, &hub, (runs, |at| web.download(&hub, &sites[at])))?;
    figures.add("the same download", memory, &hub, (runs, |_| web.download(&hub, site)))?;
    let more = versions(site, bench.runs..2 * bench.runs)?;
    for version in &more {
        web.change(&hub, site, version)?;
        figures.add("download after a change", memory, &hub, (1, |_| web.download(&hub, site)))?;
    }
    figures.add("status, after a change", Goal::default(), &hub, (1, |_| web.status(&hub)))?;
    figures.add("status", Goal::default(), &hub, (runs, |_| web.status(&hub)))?;
    print!("{figures}");
    Ok(())
}

/// A hub that knows many sites and has nothing to do.
fn idle(bench: &Bench, web: &Web) -> anyhow::Result<()> {
    let mut hub = bench.hub("idle")?;
    for at in 0..SITES_KNOWN {
        hub.add_site(&format!("Office {at}"), &format!("Region {}", at % 81))?;
    }
    hub.restart()?;
    web.status(&hub)?;
    println!("\nidle with {SITES_KNOWN} sites: {:.1} MB resident (goal: under 60)", hub.resident_mb()?);
    Ok(())
}

fn site(hub: &Hub, seed: u64, size: Size) -> anyhow::Result<Site> {
    let name = format!("Office {seed}");
    let file = hub.folder().join(format!("{name}.db"));
    office::generate(&file, &Office { shape: Shape::Live, size, region: &name, seed })?;
    let timesheets = u32::try_from(size.timesheets).context("too many timesheets")?;
    Ok(Site { token: hub.add_site(&name, &name)?, file, timesheets })
}

/// The file as it is after each of these rounds of work.
fn versions(site: &Site, rounds: Range<u32>) -> anyhow::Result<Vec<Vec<u8>>> {
    ensure!(site.timesheets >= CHANGED, "too few timesheets");
    let version = |round: u32| {
        let skipped = round * CHANGED % (site.timesheets - CHANGED + 1);
        office::note_timesheets(&site.file, CHANGED, skipped, &format!("round {round}"))?;
        Ok(fs::read(&site.file)?)
    };
    rounds.map(version).collect()
}
