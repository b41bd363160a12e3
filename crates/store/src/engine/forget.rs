//! What need not be known any more.

use std::collections::{BTreeMap, HashSet};

use model::SiteId;

use super::{
    forgotten, held,
    lineage::{self, Kind, Lineage, Pc},
};
use crate::{Result, desk::Desk, query::Db, sites};

/// Hand-outs and other roots of one PC that are remembered: what they hold in common is kept once.
const CAME_BACK_MAX: usize = 64;
const NEVER_CAME_BACK_MAX: usize = 1024;
/// Files of one PC: the newest, and the one before it that may be on its way right now.
const FILES_KEPT: usize = 2;

/// Forgets roots that files will hardly come from any more; returns hand-outs of which the file may go.
///
/// One that never came back may still be on a PC that is off. One that did was followed by another, but a second PC or a
/// backup may hold it.
pub(super) async fn roots(desk: &mut Desk<'_>, pc: &Pc) -> Result<Vec<String>> {
    let needed = held::lineages(desk.db).await?;
    let all = lineage::of_site(desk.db, pc.site).await?;
    let of_pc: Vec<Lineage> = all.into_iter().filter(|lineage| lineage.pc == pc.id).collect();
    // Those that go on from another PC's hand-out go with it.
    let mut roots: Vec<Lineage> = of_pc.into_iter().filter(|lineage| lineage.kind != Kind::Branch).collect();
    roots.sort_by_key(|root| std::cmp::Reverse(root.number));
    let (mut came, mut out) = (0, 0);
    for root in &roots {
        // Of whatever site.
        let branches = lineage::with(desk.db, "root", &root.name).await?;
        let came_back = root.kind != Kind::HandedOut || !branches.is_empty();
        let (counted, most) =
            if came_back { (&mut came, CAME_BACK_MAX) } else { (&mut out, NEVER_CAME_BACK_MAX) };
        *counted += 1;
        let last = pc.latest.as_ref().is_some_and(|latest| {
            *latest == root.name || branches.iter().any(|branch| branch.name == *latest)
        });
        let in_use = last || branches.iter().any(|branch| needed.contains(&branch.name));
        if *counted > most && !in_use && !needed.contains(&root.name) {
            for lineage in branches.iter().chain([root]) {
                lineage::remove(desk.db, lineage).await?;
            }
        }
    }
    let handed = roots.into_iter().filter(|root| root.kind == Kind::HandedOut);
    Ok(handed.skip(FILES_KEPT).map(|root| root.name).collect())
}

/// Forgets PCs behind the shared key of which no file is known any more: where it is not known which PC asks for a file, each
/// one that it sends looks like a new PC's.
pub(super) async fn pcs(desk: &mut Desk<'_>, site: SiteId) -> Result<()> {
    let known = lineage::of_site(desk.db, site).await?;
    let known: HashSet<i64> = known.iter().map(|lineage| lineage.pc).collect();
    for pc in lineage::pcs(desk.db, site).await? {
        if pc.latest.is_some() && !known.contains(&pc.id) {
            lineage::remove_pc(desk.db, &pc).await?;
        }
    }
    Ok(())
}

/// Hand-outs of which the file is needed, of all PCs that may still ask for one.
pub(crate) async fn newest(db: &mut Db) -> Result<HashSet<String>> {
    let active: HashSet<_> = sites::list(db)
        .await?
        .into_iter()
        .filter(|site| site.revoked_ms.is_none())
        .map(|site| site.id)
        .collect();
    let mut of_pc: BTreeMap<i64, Vec<Lineage>> = BTreeMap::new();
    let forgot = forgotten::last(db).await?;
    for lineage in lineage::all(db).await? {
        // One from before names whoever was forgotten since: its PC gets a new one.
        let is_wanted = lineage.kind == Kind::HandedOut && lineage.seen >= forgot;
        if is_wanted && active.contains(&lineage.site.0) {
            of_pc.entry(lineage.pc).or_default().push(lineage);
        }
    }
    let newest = of_pc.into_values().flat_map(|mut handed| {
        handed.sort_by_key(|root| std::cmp::Reverse(root.number));
        handed.into_iter().take(FILES_KEPT)
    });
    Ok(newest.map(|root| root.name).collect())
}
