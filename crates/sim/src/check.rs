//! What must hold, at every moment and after quiet time.

use std::collections::HashMap;

use rusqlite::{Connection, OpenFlags};
use store::Decision;

use crate::{
    Broken,
    book::{Book, check_file},
    ledger::{History, doubled},
    plan::Mishap,
    world::World,
};

/// Words of the story that a list of findings shows.
const SHOWN: usize = 4;

/// Checks what holds whenever nobody is at work: at the end of each day.
pub async fn any_time(world: &mut World, before: &mut Progress) -> anyhow::Result<()> {
    world.hub.look().await?;
    let file = world.hub_file();
    let hub = Book::read(&file)?;
    none("nobody's rows hang on another parent", hub.strays())?;
    none("nothing multiplies", doubled_unless_meddled(world, &hub))?;
    let history = History::read(&file)?;
    none("nothing is lost", world.ledger.lost(&hub, &history))?;
    none("nothing vanishes", vanished_unless_meddled(world, &hub))?;
    before.advance(&file)?;
    for pc in &world.pcs {
        let strays = Book::read(pc.desktop.path())?.strays();
        none("nobody's rows hang on another parent", named(&pc.name, strays))?;
    }
    alerts(world).await
}

/// Lets everybody send and fetch twice, and checks what holds then.
pub async fn after_quiet(world: &mut World, progress: &mut Progress) -> anyhow::Result<()> {
    settle(world).await?;
    round(world).await?;
    round(world).await?;
    any_time(world, progress).await?;
    converged(world)?;
    let (rev, hub) = (world.hub.look().await?, Book::read(&world.hub_file())?);
    let offices = lines(world)?;
    round(world).await?;
    let again = Book::read(&world.hub_file())?;
    let now = world.hub.look().await?;
    if now != rev || again != hub {
        let what = format!("change {rev} became {now}: {:?}", missing(&again.lines(), &hub.lines()));
        anyhow::bail!(Broken::new("no echo", what));
    }
    if lines(world)? != offices {
        anyhow::bail!(Broken::new("no echo", "an office's file changed once more".to_owned()));
    }
    files(world)
}

/// Everybody sends, and who fetches at all fetches.
async fn round(world: &mut World) -> anyhow::Result<()> {
    for at in 0..world.pcs.len() {
        world.upload(at, Mishap::None).await?;
        settle(world).await?;
        world.download(at, Mishap::None).await?;
    }
    Ok(())
}

/// Nothing waits any longer.
async fn settle(world: &mut World) -> anyhow::Result<()> {
    world.decide(|| Decision::LetThrough).await
}

fn converged(world: &World) -> anyhow::Result<()> {
    let hub = Book::read(&world.hub_file())?;
    for pc in world.pcs.iter().filter(|pc| pc.role.downloads) {
        let file = Book::read(pc.desktop.path())?;
        let (wanted, found) = (hub.of_region(pc.role.region).lines(), file.lines());
        if wanted != found {
            let what = format!(
                "{}\n  only at the hub: {:?}\n  only at the office: {:?}",
                pc.name,
                missing(&wanted, &found),
                missing(&found, &wanted)
            );
            anyhow::bail!(Broken::new("converged", what));
        }
    }
    Ok(())
}

fn lines(world: &World) -> anyhow::Result<Vec<Vec<String>>> {
    world.pcs.iter().map(|pc| Ok(Book::read(pc.desktop.path())?.lines())).collect()
}

fn files(world: &World) -> anyhow::Result<()> {
    let offices = world.pcs.iter().map(|pc| pc.desktop.path().to_owned());
    for path in offices.chain([world.hub_file()]) {
        check_file(&path).map_err(|error| Broken::new("files are whole", error.to_string()))?;
    }
    Ok(())
}

/// Alerts about files that nobody put into the place of others.
async fn alerts(world: &World) -> anyhow::Result<()> {
    let told = world.hub.alerts().await?.into_iter().filter(|alert| {
        let mut of = world.pcs.iter().filter(|pc| pc.device.site.0 == alert.site);
        !of.any(|pc| pc.meddled)
    });
    none("no alert without a cause", told.map(|alert| format!("{alert:?}")).collect())
}

/// A file that was put back may bring a row back that was deleted, and use a number again.
fn doubled_unless_meddled(world: &World, hub: &Book) -> Vec<String> {
    if world.pcs.iter().any(|pc| pc.meddled) { Vec::new() } else { doubled(hub) }
}

fn vanished_unless_meddled(world: &World, hub: &Book) -> Vec<String> {
    if world.pcs.iter().any(|pc| pc.meddled) { Vec::new() } else { world.ledger.vanished(hub) }
}

/// What may only rise.
#[derive(Default)]
pub struct Progress {
    rows: HashMap<String, i64>,
    lines: i64,
    newest: i64,
}

impl Progress {
    fn advance(&mut self, hub: &std::path::Path) -> anyhow::Result<()> {
        let conn = Connection::open_with_flags(hub, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let (lines, newest): (i64, i64) =
            conn.query_row(include_str!("sql/newest.sql"), [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut fell = Vec::new();
        if lines < self.lines || newest < self.newest {
            fell.push("the history got shorter".to_owned());
        }
        (self.lines, self.newest) = (lines, newest);
        let mut statement = conn.prepare(include_str!("sql/revs.sql"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (name, rev): (String, i64) = (row.get(0)?, row.get(1)?);
            let before = self.rows.insert(name.clone(), rev).unwrap_or(0);
            if rev < before {
                fell.push(format!("{name} went from change {before} to {rev}"));
            }
        }
        none("progress", fell)
    }
}

fn none(check: &'static str, mut found: Vec<String>) -> anyhow::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let more = if more == 0 { String::new() } else { format!("\n  and {more} more") };
    anyhow::bail!(Broken::new(check, found.join("\n  ") + &more))
}

fn named(name: &str, found: Vec<String>) -> Vec<String> {
    found.into_iter().map(|what| format!("{name}: {what}")).collect()
}

/// Lines of `a` that `b` lacks.
fn missing(a: &[String], b: &[String]) -> Vec<String> {
    let mut left: HashMap<&String, usize> = HashMap::new();
    b.iter().for_each(|line| *left.entry(line).or_default() += 1);
    let mut missing = Vec::new();
    for line in a {
        match left.get_mut(line).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => missing.push(line.clone()),
        }
    }
    missing.truncate(SHOWN);
    missing
}
