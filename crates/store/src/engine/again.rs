//! A file that came before: sent twice, or a request that arrives late. It says nothing that the hub has not heard.
//!
//! **What cannot be known**: an old copy that is put back and sent, or a second PC's file that was taken for a later state
//! of the first one's, looks the same. Nothing of it is done either: with the next change it is another file.

use super::{
    audit_in,
    lineage::{self, Kind, Lineage, Pc},
    receipt,
    receive::{Mode, Receive},
};
use crate::{Receipt, Result, desk::Desk};

/// The answer to a file that was taken before; `None`: it has to be looked at.
pub(super) async fn answer(desk: &mut Desk<'_>, upload: &Receive) -> Result<Option<Receipt>> {
    if !matches!(upload.mode, Mode::Apply | Mode::Plan) {
        return Ok(None);
    }
    let Some(mut pc) = sender(desk, upload).await? else { return Ok(None) };
    pc.contact = desk.meta.next_serial();
    lineage::save_pc(desk.db, &pc).await?;
    let receipt = receipt::again(desk.hub, upload);
    let summary = receipt::summary(&upload.reason, &receipt);
    audit_in(desk, &upload.device.region, [&upload.device.name, "upload", &summary]).await?;
    Ok(Some(receipt))
}

/// The PC whose file this was.
async fn sender(desk: &mut Desk<'_>, upload: &Receive) -> Result<Option<Pc>> {
    let (site, content) = (upload.device.site, &upload.mark.content);
    let known = lineage::of_site(desk.db, site).await?;
    let leads_on = |root: &Lineage| known.iter().any(|branch| branch.root.as_ref() == Some(&root.name));
    let now = known.iter().find(|lineage| {
        lineage.kind != Kind::HandedOut && lineage.content.as_ref() == Some(content) && !leads_on(lineage)
    });
    let mut pcs = lineage::pcs(desk.db, site).await?.into_iter();
    if let Some(now) = now {
        let alone = known.iter().filter(|other| other.root() == now.root()).count() <= 2;
        // Rows that were not taken are looked at again.
        let whole = lineage::aside(desk.db, &desk.hub.rules, &now.name).await?.is_empty();
        let calm = alone && whole && now.odd.is_none();
        return Ok(pcs.find(|pc| calm && pc.latest.as_ref() == Some(&now.name)));
    }
    // Where SQLite does not count, two states of a file may have the same bytes.
    if upload.mark.counter.is_none() {
        return Ok(None);
    }
    let pc = lineage::taken(desk.db, site, content).await?;
    Ok(pcs.find(|found| pc == Some(found.id)))
}
