//! What must hold after every single upload and download.

use std::collections::HashSet;

use store::Receipt;

use super::{all_well, missing, none};
use crate::{
    Broken,
    book::{Book, Cells, Identity, identity},
    ledger::{Page, Taken},
    work::COMMON,
    world::{Upload, World},
};

/// More rows than a batch may touch without being looked at.
const MASS: usize = 20;

/// The hub has taken a file; `aged`: it can tell how old it is.
pub fn after_upload(
    world: &mut World,
    upload: &Upload<'_>,
    (file, aged): (&Book, bool),
    receipt: &Receipt,
) -> anyhow::Result<()> {
    let Upload { at, page, decided, .. } = *upload;
    let store = world.hub.store_file();
    let before = std::mem::replace(&mut world.book, Book::read(&store)?);
    let news = world.history.read_on(&store, world.hub.clock_range())?;
    news.lines.iter().for_each(|line| world.story.hub(world.when, line));
    let refused = refused(world, at, file, receipt)?;
    // It is alarming, and right.
    world.pcs[at].careless |= !refused.is_empty();
    world.pcs[at].refused.extend(refused.iter().cloned());
    let region = world.pcs[at].role.region;
    let (after, history) = (&world.book, &world.history);
    let mixed_up = |row: &Identity| world.ledger.mixed_up.contains(row);
    let changed = news.changed.into_iter().filter(|(was, is)| !mixed_up(was) && !mixed_up(is));
    let changed = changed.map(|(was, is)| (is, format!("is the row that was {}", was.1))).collect();
    none("no row becomes another", changed)?;
    all_well("a site writes only what it owns", trespasses(region, &before, after))?;
    let masses = if decided { Vec::new() } else { masses(region, &before, after) };
    all_well("a mass of changes waits", masses)?;
    let taken = Taken { page, refused: &refused, before: &before, after, history, region, aged };
    let found = world.ledger.took(&taken);
    none("nothing is lost", found.lost)?;
    none("nothing is overwritten in silence", found.silent)?;
    none("of two the later stands", found.earlier)?;
    none("who writes a row brings it back", found.dead)?;
    none("absence is not deletion", found.deleted)?;
    none("what was not seen is not deleted", found.unseen)
}

/// Headquarters has sent a batch back. Whatever it changed and deleted: what was written in it is not lost.
pub fn after_sending_back(world: &mut World, page: &Page) -> anyhow::Result<()> {
    let store = world.hub.store_file();
    world.book = Book::read(&store)?;
    world.history.read_on(&store, world.hub.clock_range())?;
    none("nothing is lost", world.ledger.sent_back(page, &world.book, &world.history))
}

/// Rows of the file that the hub did not let in. Who keeps to what is his own is refused nothing.
fn refused(world: &World, at: usize, file: &Book, receipt: &Receipt) -> anyhow::Result<HashSet<Identity>> {
    let pc = &world.pcs[at];
    // Two regions may have entered one plate: the vehicle is the first one's.
    let shared = file.tables["vehicles"].values().any(|row| row["plate"].starts_with(COMMON));
    let mut refused = HashSet::new();
    for reason in &receipt.reasons {
        if !matches!(reason.reason.as_str(), "region" | "unknown_row" | "orphan") {
            continue;
        }
        let row = file.tables.get(reason.table.as_str()).and_then(|rows| rows.get(&reason.key));
        let row = row.and_then(|cells| identity(&reason.table, cells));
        let common = shared && reason.table == "vehicles";
        if !pc.careless && !pc.meddled && !common {
            anyhow::bail!(Broken::new(
                "no row is refused without a reason",
                format!("{}: {reason:?}", pc.name)
            ));
        }
        refused.extend(row);
    }
    Ok(refused)
}

/// Rows of other regions that an upload changed.
fn trespasses(region: &str, before: &Book, after: &Book) -> Vec<String> {
    if region == "*" {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    let mut look = |book: &Book, other: &Book, now: &str| {
        for (table, gid, cells) in book.rows() {
            let owner = book.region(table, cells).filter(|owner| owner != region);
            if let Some(owner) = owner.filter(|_| other.tables[table].get(gid) != Some(cells)) {
                wrong.push(format!("{region} wrote a row of {owner}, {now} {table} {cells:?}"));
            }
        }
    };
    look(before, after, "before");
    look(after, before, "after");
    wrong
}

/// More than the half of a table went or changed at once.
fn masses(region: &str, before: &Book, after: &Book) -> Vec<String> {
    let mut masses = Vec::new();
    for (table, rows) in &before.tables {
        let own =
            |cells: &Cells| region == "*" || before.region(table, cells).is_none_or(|owner| owner == region);
        let all = rows.values().filter(|cells| own(cells)).count();
        let touched = rows.iter().filter(|(gid, cells)| after.tables[table].get(*gid) != Some(cells));
        let touched = touched.count();
        if touched > MASS && 2 * touched > all {
            masses.push(format!("{touched} of {all} {table} at once"));
        }
    }
    masses
}

/// The hub has given a PC this file.
pub fn handed_out(world: &World, at: usize, file: &Book) -> anyhow::Result<()> {
    let pc = &world.pcs[at];
    // Who does not send first is not known, and gets a file that is numbered as another's, or anew.
    if world.is_last(at) {
        let mut found = pc.renumbered(&Book::read(pc.desktop.path())?, file, &world.ledger);
        found.retain(|(row, _)| !world.ledger.is_unclear(row));
        none("a number is one row's for ever", found)?;
    }
    let (wanted, found) = (world.book.of_region(pc.role.region).lines(), file.lines());
    let (foreign, lacking) = (missing(&found, &wanted), missing(&wanted, &found));
    if !foreign.is_empty() || !lacking.is_empty() {
        let what = format!("{}\n  only in the file: {foreign:?}\n  only at the hub: {lacking:?}", pc.name);
        anyhow::bail!(Broken::new("a download is what the region may see", what));
    }
    Ok(())
}
