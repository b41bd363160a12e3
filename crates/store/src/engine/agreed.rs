//! The file of a PC that had an agent, sent the old way: what it has of the agent says what it goes on from.
//!
//! That becomes a root like a hand-out, under a name that is made of it: a file with the same goes on from the same root.
//! It is the PC's own word, and is believed as far as its deletions and edits are: in its own region, and under the guard.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use merge::{ShadowRow, Stored, TableId};
use model::{Gid, Rev, SiteId};
use replica::{
    codec::Stored as _,
    office_file::{Agreed, OfficeFile, SUSPECT},
};

use super::{
    agents::{self, State},
    choose,
    forgotten::Forgotten,
    held,
    lineage::{self, Kind, Lineage, Pc},
    pull,
    push::{self, strangers},
    rows, shadow,
};
use crate::{Device, Result, desk::Desk};

/// Rows that are looked at at a time.
const PART_ROWS: usize = 1_000;

/// Makes the root that the file says it goes on from, and marks the file with it.
pub(super) async fn adopt(desk: &mut Desk<'_>, device: &Device, file: &mut OfficeFile) -> Result<()> {
    let Some(agreed) = ours(desk, device, file).await? else { return Ok(()) };
    let name = name(&agreed);
    if lineage::named(desk.db, &name).await?.is_none() {
        let root = root(desk, device, &agreed, (&name, Kind::HandedOut)).await?;
        keep(desk, device, &root, &agreed).await?;
    }
    file.tag = Some(name);
    file.named = agreed.rows;
    Ok(())
}

/// An agent is taken out of the file and says what it had: from now on the file says nothing of it, and goes on from this
/// under the name that it has without the agent.
pub(super) async fn leave(desk: &mut Desk<'_>, device: &Device, file: &mut OfficeFile) -> Result<()> {
    let Some(agreed) = ours(desk, device, file).await? else { return Ok(()) };
    let name = ["met-", &desk.meta.next_serial().to_string()].concat();
    let met = root(desk, device, &agreed, (&name, Kind::Met)).await?;
    let known = lineage::of_site(desk.db, device.site).await?;
    let from = choose::roots(desk, device, &known, file.tag.as_deref()).await?.into_iter().next();
    let lineage = match from.filter(|root| root.kind == Kind::HandedOut) {
        // Among files that were met the newest is looked for first.
        None => Lineage { of_tag: file.tag.clone(), ..met },
        Some(root) => {
            let branches = known.into_iter().filter(|branch| branch.root.as_deref() == Some(&root.name));
            let branch = match branches.max_by_key(|branch| branch.used) {
                Some(branch) => branch,
                None => choose::new_branch(desk, device, &root, (1, None)).await?,
            };
            Lineage { seen: met.seen, counter: 0, content: None, ..branch }
        }
    };
    keep(desk, device, &lineage, &agreed).await?;
    file.named = agreed.rows;
    Ok(())
}

/// What an agent of this very site left, with what has been answered meanwhile. Of what another one left, only what the
/// rows are called is believed.
async fn ours(desk: &mut Desk<'_>, device: &Device, file: &mut OfficeFile) -> Result<Option<Agreed>> {
    let Some(mut agreed) = file.agreed.take() else { return Ok(None) };
    let is_of_this_hub = agreed.hub == desk.meta.hub;
    file.in_place = std::mem::take(&mut agreed.in_place);
    if is_of_this_hub && agreed.site == device.site.0 && !device.shared {
        answer(desk, device, &mut agreed).await?;
        file.naming = agreed.naming.take();
        return Ok(Some(agreed));
    }
    if !is_of_this_hub {
        // What it held when it was here says nothing about what it lacks, or says otherwise, now.
        file.tag = Some(name(&agreed));
    }
    (file.naming, file.named) = (agreed.naming, agreed.rows);
    Ok(None)
}

/// From now on the lineage stands where the agent stood.
async fn keep(desk: &mut Desk<'_>, device: &Device, lineage: &Lineage, agreed: &Agreed) -> Result<()> {
    let mut rows = known(desk, device, agreed).await?;
    let rules = &desk.hub.rules;
    let forgotten = Forgotten::load(desk.db, rules).await?;
    rows.values_mut().flatten().for_each(|row| _ = forgotten.veil(row));
    lineage::save(desk.db, lineage).await?;
    lineage::save_last_ids(desk.db, rules, lineage.number, &last_ids(&rows)).await?;
    for table in desk.hub.merged() {
        let rows = rows.remove(&table).unwrap_or_default();
        shadow::save_table(desk.db, rules, lineage, (table, shadow::parts(rows.iter()))).await?;
    }
    Ok(())
}

/// What the hub answered to a batch on its way, and the agent has not heard: its rows are not new. A batch that waits for a
/// person waits no longer, as the file says the same and more.
async fn answer(desk: &mut Desk<'_>, device: &Device, agreed: &mut Agreed) -> Result<()> {
    let mut agent = agents::of(desk.db, device.site).await?;
    for sent in std::mem::take(&mut agreed.sent) {
        if sent.push.number != agent.number || push::digest(&sent.push)? != agent.digest {
            continue;
        }
        match (agent.state, agent.held) {
            (State::Answered | State::Decided, _) => {
                // What is no batch of an agent, or not this one, says nothing.
                _ = agreed.settle(&desk.hub.rules, &sent, &agent.answer.fates);
            }
            (State::Held, Some(id)) => {
                held::end(desk, id, (held::SUPERSEDED, &device.name)).await?;
                // Asked again by the agent, it is an older one.
                agent.give_up();
                agents::save(desk.db, &agent).await?;
            }
            (State::Held, None) => {}
        }
    }
    Ok(())
}

/// **Shape**: 32 characters and more, as a hand-out's tag; none of those begins like it.
fn name(agreed: &Agreed) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&agreed.site.to_le_bytes()).update(&agreed.cursor.to_le_bytes());
    if let Some(behind) = agreed.behind {
        hasher.update(b"behind").update(&behind.to_le_bytes());
    }
    for (table, rows) in &agreed.rows {
        hasher.update(&table.0.to_le_bytes());
        for row in rows {
            hasher.update(row.gid.uuid().as_bytes()).update(&row.rev.0.to_le_bytes());
            hasher.update(blake3::hash(&row.cells.encode()).as_bytes());
            hasher.update(crate::desk::shown(&row.id).as_bytes());
        }
    }
    ["agent-", &hasher.finalize().to_hex()[..32]].concat()
}

async fn root(
    desk: &mut Desk<'_>,
    device: &Device,
    agreed: &Agreed,
    (name, kind): (&str, Kind),
) -> Result<Lineage> {
    let known = lineage::pcs(desk.db, device.site).await?.into_iter().max_by_key(|pc| pc.contact);
    let pc = match known {
        Some(pc) => pc,
        None => {
            let pc = Pc::new(device.site, desk.meta.next_serial());
            lineage::save_pc(desk.db, &pc).await?;
            pc
        }
    };
    Ok(Lineage {
        name: name.to_owned(),
        site: device.site,
        pc: pc.id,
        number: desk.meta.next_serial(),
        kind,
        root: None,
        of_tag: None,
        // From a restored hub it is about to pull everything again, of which it has had what that one had told it.
        seen: Rev(agreed.cursor.max(agreed.behind.unwrap_or(0)).max(0))
            .min(heard(desk, device, agreed).await?),
        counter: 0,
        content: None,
        own: pc.own,
        odd: None,
        used: 0,
    })
}

/// Rows that the hub knows, too, and the region was shown: what the hub has lost meanwhile is new to it, and what somebody
/// says of another region's row counts for nothing. What a restored hub may have lost of a row counts as it has it now,
/// unless somebody else told it since.
async fn known(
    desk: &mut Desk<'_>,
    device: &Device,
    agreed: &Agreed,
) -> Result<BTreeMap<TableId, Vec<ShadowRow>>> {
    let head = desk.meta.rev;
    let heard = heard(desk, device, agreed).await?;
    let mut known: BTreeMap<TableId, Vec<ShadowRow>> = BTreeMap::new();
    for (table, rows) in &agreed.rows {
        let known = known.entry(*table).or_default();
        for rows in rows.chunks(PART_ROWS) {
            let gids: Vec<Gid> = rows.iter().map(|row| row.gid).collect();
            let found = rows::rows_of(desk.db, &desk.hub.rules, *table, &gids).await?;
            let mut found: HashMap<Gid, Stored> = found.into_iter().map(|row| (row.gid, row)).collect();
            let all: BTreeSet<(TableId, Gid)> = found.keys().map(|gid| (*table, *gid)).collect();
            for (_, stranger) in strangers::among(desk, &device.region, all).await?.strangers {
                found.remove(&stranger);
            }
            known.extend(rows.iter().filter_map(|row| {
                let found = found.remove(&row.gid)?;
                let lost = row.rev == SUSPECT;
                if row.rev <= heard && !lost {
                    return Some(ShadowRow { rev: row.rev.min(head), ..row.clone() });
                }
                // Nobody knows any more since when: what others say stands.
                let heard = if lost && agreed.behind.is_none() { Rev(0) } else { heard };
                found.lives().then(|| restored(row, found, (device.site, heard)))
            }));
        }
    }
    Ok(known)
}

/// A row of which a restored hub may have lost something since `heard`.
fn restored(agreed: &ShadowRow, mut found: Stored, (site, heard): (SiteId, Rev)) -> ShadowRow {
    for ((cell, mark), agreed) in found.cells.iter_mut().zip(&found.marks).zip(&agreed.cells) {
        if mark.rev > heard && mark.stamp.site != site {
            cell.clone_from(agreed);
        }
    }
    ShadowRow { rev: heard, ..rows::as_shadow(agreed.id.clone(), found) }
}

/// Up to where file and hub have one past: everything, unless the hub was restored to before the file's last exchange, or its
/// agent was about to tell it again what it lost.
async fn heard(desk: &mut Desk<'_>, device: &Device, agreed: &Agreed) -> Result<Rev> {
    let head = desk.meta.rev;
    let mark = agreed.mark.as_deref();
    let is_ahead =
        agreed.cursor > head.0 || mark.is_some() && !pull::bears(desk.db, agreed.cursor, mark).await?;
    let seen = if is_ahead { Some(agents::of(desk.db, device.site).await?.seen) } else { None };
    Ok([seen, agreed.behind].into_iter().flatten().map(|rev| Rev(rev.max(0))).fold(head, Rev::min))
}

fn last_ids(rows: &BTreeMap<TableId, Vec<ShadowRow>>) -> BTreeMap<TableId, i64> {
    let id = |row: &ShadowRow| row.id.number();
    rows.iter().filter_map(|(table, rows)| Some((*table, rows.iter().filter_map(id).max()?))).collect()
}
