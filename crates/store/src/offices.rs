//! What offices say of their own settings: of those that the preset has the hub told.
//!
//! Each PC says its own. Of a region counts, name by name, what was said differently last: who changes a setting on one PC
//! means the office.

use std::collections::{BTreeMap, BTreeSet};

use merge::{Region, Rules};
use model::Value;
use replica::office_file::OfficeFile;

use crate::{
    Device, Result, Viewer,
    desk::Desk,
    query::{Db, text},
    shape::OFFICES,
    sites,
};

/// Names of settings and their values.
pub type OfficeSettings = BTreeMap<String, String>;

/// The longest value that is kept. **Units**: characters.
const VALUE_MAX: usize = 200;

/// What a file says of them; `None`: it does not have their table.
pub(crate) fn of_file(rules: &Rules, file: &OfficeFile) -> Option<OfficeSettings> {
    let mut told = None;
    for (id, rule) in rules.tables().filter(|(_, rule)| !rule.told.is_empty()) {
        if let Some(own) = file.own.get(&id) {
            told.get_or_insert_with(OfficeSettings::new).extend(own.told(rule));
        }
    }
    told
}

/// Keeps what a PC says; what it no longer says goes.
pub(crate) async fn keep(desk: &mut Desk<'_>, device: &Device, told: &OfficeSettings) -> Result<()> {
    if device.region == Region::All {
        return Ok(());
    }
    let (hub, site) = (desk.hub, Value::Int(i64::from(device.site.0)));
    let known: BTreeSet<&str> =
        hub.rules.tables().flat_map(|(_, rule)| &rule.told).map(String::as_str).collect();
    let fits = |(name, value): &(&String, &String)| {
        known.contains(name.as_str()) && value.chars().count() <= VALUE_MAX
    };
    let now: BTreeMap<&str, &str> =
        told.iter().filter(fits).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut before = BTreeMap::new();
    for row in desk.db.find(OFFICES, &[("site", site.clone())]).await? {
        before.insert(row.text(1)?.to_owned(), row.text(2)?.to_owned());
    }
    let gone = before.keys().filter(|name| !now.contains_key(name.as_str()));
    let gone: Vec<_> = gone.map(|name| vec![site.clone(), text(name)]).collect();
    let new = now.iter().filter(|(name, value)| before.get(**name).is_none_or(|before| before != *value));
    let new: Vec<_> = new
        .map(|(name, value)| vec![site.clone(), text(*name), text(*value), Value::Int(desk.now_ms)])
        .collect();
    desk.db.remove(OFFICES, &gone).await?;
    desk.db.put(OFFICES, &new).await
}

/// By region, of those that the viewer sees.
pub(crate) async fn of_regions(db: &mut Db, viewer: &Viewer) -> Result<BTreeMap<String, OfficeSettings>> {
    let sites = sites::list(db).await?;
    let mut said = Vec::new();
    for row in db.find(OFFICES, &[]).await? {
        said.push((row.int(3)?, row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned()));
    }
    // The last one stands.
    said.sort();
    let mut regions: BTreeMap<String, OfficeSettings> = BTreeMap::new();
    for (_, site, name, value) in said {
        let Some(site) = sites.iter().find(|known| i64::from(known.id) == site) else { continue };
        if *viewer.region() == Region::All || *viewer.region() == Region::new(&site.region) {
            regions.entry(site.region.clone()).or_default().insert(name, value);
        }
    }
    Ok(regions)
}
