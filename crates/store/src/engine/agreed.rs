//! The file of a PC that had an agent, sent the old way: what it has of the agent says what it goes on from.
//!
//! That becomes a root like a hand-out, under a name that is made of it: a file with the same goes on from the same root.
//! It is the PC's own word, and is believed as far as its deletions and edits are: in its own region, and under the guard.

use std::collections::{BTreeMap, HashSet};

use merge::{LocalId, ShadowRow, TableId};
use model::{Gid, Rev};
use replica::{
    codec::Stored as _,
    office_file::{Agreed, OfficeFile},
};

use super::{
    lineage::{self, Kind, Lineage, Pc},
    rows, shadow,
};
use crate::{Device, Result, desk::Desk};

/// Makes the root that the file says it goes on from, and marks the file with it.
pub(super) async fn adopt(desk: &mut Desk<'_>, device: &Device, file: &mut OfficeFile) -> Result<()> {
    let Some(agreed) = &file.agreed else { return Ok(()) };
    if device.shared || agreed.site != device.site.0 || agreed.hub != desk.meta.hub {
        return Ok(());
    }
    let name = name(agreed);
    if lineage::named(desk.db, &name).await?.is_none() {
        let root = root(desk, device, agreed, &name).await?;
        let rows = known(desk, agreed).await?;
        let rules = &desk.hub.rules;
        lineage::save(desk.db, &root).await?;
        lineage::save_last_ids(desk.db, rules, root.number, &last_ids(&rows)).await?;
        for (table, rows) in rows {
            shadow::save_table(desk.db, rules, &root, (table, shadow::parts(rows.iter()))).await?;
        }
    }
    file.tag = Some(name);
    Ok(())
}

/// **Shape**: 32 characters and more, as a hand-out's tag; none of those begins like it.
fn name(agreed: &Agreed) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&agreed.site.to_le_bytes()).update(&agreed.cursor.to_le_bytes());
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

async fn root(desk: &mut Desk<'_>, device: &Device, agreed: &Agreed, name: &str) -> Result<Lineage> {
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
        kind: Kind::HandedOut,
        root: None,
        of_tag: None,
        seen: Rev(agreed.cursor.clamp(0, desk.meta.rev.0)),
        counter: 0,
        content: None,
        own: pc.own,
        odd: None,
        used: 0,
    })
}

/// Rows that the hub knows, too: what it has lost meanwhile is new to it.
async fn known(desk: &mut Desk<'_>, agreed: &Agreed) -> Result<BTreeMap<TableId, Vec<ShadowRow>>> {
    let head = desk.meta.rev;
    let mut known = BTreeMap::new();
    for (table, rows) in &agreed.rows {
        let gids: Vec<Gid> = rows.iter().map(|row| row.gid).collect();
        let found = rows::rows_of(desk.db, &desk.hub.rules, *table, &gids).await?;
        let found: HashSet<Gid> = found.iter().map(|row| row.gid).collect();
        let rows = rows.iter().filter(|row| found.contains(&row.gid));
        let rows = rows.map(|row| ShadowRow { rev: row.rev.min(head), ..row.clone() });
        known.insert(*table, rows.collect());
    }
    Ok(known)
}

fn last_ids(rows: &BTreeMap<TableId, Vec<ShadowRow>>) -> BTreeMap<TableId, i64> {
    let id = |row: &ShadowRow| if let LocalId::Int(id) = row.id { Some(id) } else { None };
    rows.iter().filter_map(|(table, rows)| Some((*table, rows.iter().filter_map(id).max()?))).collect()
}
