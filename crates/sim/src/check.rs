//! What must hold, at every moment and after quiet time.

use std::collections::HashMap;

use rusqlite::{Connection, OpenFlags};

use crate::{
    Broken,
    book::{Book, check_file},
    ledger::Finding,
    plan::Mishap,
    world::World,
};

mod exchange;

pub use exchange::{after_sending_back, after_upload, handed_out};

/// Words of the story that a list of findings shows.
const SHOWN: usize = 4;

/// Checks what holds whenever nobody is at work: at the end of each day.
pub async fn any_time(world: &mut World, before: &mut Progress) -> anyhow::Result<()> {
    world.hub.look().await?;
    let file = world.hub.store_file();
    world.book = Book::read(&file)?;
    none("nobody's rows hang on another parent", world.book.strays())?;
    none("nothing multiplies", world.ledger.doubled(&world.book))?;
    none("nothing vanishes", world.ledger.vanished(&world.book))?;
    before.advance(&file)?;
    for pc in &world.pcs {
        none("nobody's rows hang on another parent", Book::read(pc.desktop.path())?.strays())?;
    }
    alerts(world).await
}

/// Lets everybody send and fetch twice, and checks what holds then.
pub async fn after_quiet(world: &mut World, progress: &mut Progress) -> anyhow::Result<()> {
    world.settle().await?;
    round(world).await?;
    round(world).await?;
    any_time(world, progress).await?;
    converged(world)?;
    let (end, hub) = (world.history.end(), world.book.clone());
    let offices = lines(world)?;
    round(world).await?;
    unchanged(world, ("no echo", end), &hub)?;
    if lines(world)? != offices {
        anyhow::bail!(Broken::new("no echo", "an office's file changed once more".to_owned()));
    }
    files(world)
}

/// Nothing happened at the hub since: neither a change nor a conflict. (Numbers of changes that came to nothing may go.)
pub fn unchanged(
    world: &World,
    (check, end): (&'static str, (i64, i64)),
    before: &Book,
) -> anyhow::Result<()> {
    let (now, after) = (world.history.end(), Book::read(&world.hub.store_file())?);
    if now != end || after != *before {
        let (new, gone) =
            (missing(&after.lines(), &before.lines()), missing(&before.lines(), &after.lines()));
        let what = format!("change and conflict {end:?} became {now:?}: now {new:?} instead of {gone:?}");
        anyhow::bail!(Broken::new(check, what));
    }
    Ok(())
}

/// Everybody sends, and who fetches at all fetches.
async fn round(world: &mut World) -> anyhow::Result<()> {
    for at in 0..world.pcs.len() {
        world.upload(at, Mishap::None).await?;
        world.settle().await?;
        world.download(at, Mishap::None).await?;
    }
    Ok(())
}

fn converged(world: &World) -> anyhow::Result<()> {
    let hub = Book::read(&world.hub.store_file())?;
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
    for path in offices.chain([world.hub.store_file()]) {
        check_file(&path).map_err(|error| Broken::new("files are whole", error.to_string()))?;
    }
    Ok(())
}

/// Alerts about files that nobody put into the place of others, and rows that nobody wrote for others.
async fn alerts(world: &World) -> anyhow::Result<()> {
    let told = world.hub.alerts().await?.into_iter().filter(|alert| {
        let mut of = world.pcs.iter().filter(|pc| pc.device.site.0 == alert.site);
        let doubt = alert.kind == "doubt";
        // Plates that are entered in every region.
        let namesake = alert.kind == "namesake" && alert.what.starts_with("vehicles");
        !of.any(|pc| pc.meddled || pc.careless || doubt && pc.replaced || namesake)
            && of_a_pc(world, alert.site)
    });
    all_well("no alert without a cause", told.map(|alert| format!("{alert:?}")).collect())
}

/// Not of a token that was taken away.
fn of_a_pc(world: &World, site: u32) -> bool {
    world.pcs.iter().any(|pc| pc.device.site.0 == site)
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
        all_well("progress", fell)
    }
}

pub fn none(check: &'static str, found: Vec<Finding>) -> anyhow::Result<()> {
    let about = found.iter().map(|((_, word), _)| word.clone()).take(SHOWN).collect();
    let told = found.into_iter().map(|((table, word), what)| format!("{table} {word} {what}")).collect();
    all_well(check, told).map_err(|error| match error.downcast::<Broken>() {
        Ok(broken) => Broken { about, ..broken }.into(),
        Err(error) => error,
    })
}

fn all_well(check: &'static str, mut found: Vec<String>) -> anyhow::Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let more = if more == 0 { String::new() } else { format!("\n  and {more} more") };
    anyhow::bail!(Broken::new(check, found.join("\n  ") + &more))
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
