//! Batches that wait for a person. The upload is kept whole, in the store; nothing of it is applied.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use async_trait::async_trait;
use merge::{Action, Change, Region, Rules, TableId};
use model::{SiteId, Value};

use super::{
    audit_in,
    choose::{Base, Way},
    compare::held_for,
    history, ids,
    later::{Lack, lack},
    lineage,
    push::guard,
    receive::{Mode, Receive},
};
use crate::{
    Device, Error, Receipt, Rejected, Result,
    desk::{Desk, Hub},
    query::{Db, Row, text},
    shape::{HELD, HELD_FILES},
    sites::{self, visible},
    told::HeldTable,
    uploads,
    writer::Job,
};

pub(crate) const WAITING: &str = "waiting";
/// Stands where the lineage of a file stands, and for its reason.
const BATCH: &str = "batch";
/// The same file is not held again: it only has to take its next hand-out. With anything new in it, it is.
pub(super) const SENT_BACK: &str = "sent_back";
pub(super) const LET_THROUGH: &str = "let_through";
/// A later file of the same PC was merged: what this one said is no longer what the PC says.
pub(crate) const SUPERSEDED: &str = "superseded";
/// Of a held file, in one row.
const PART_BYTES: usize = 1 << 20;

impl Receive {
    /// What the file lacks of a batch that waits; `None`: it is of another file, or its file cannot be read any more.
    async fn lacks(&self, desk: &mut Desk<'_>, base: &Base, row: &Row) -> Result<Option<Lack>> {
        // What an agent sent is no file.
        if row.text(3)? == BATCH {
            return Ok(None);
        }
        // A file that is met for the first time has no lineage yet that its next upload could be known by.
        let met = matches!(base.way, Way::Meet { .. }) && !self.device.shared;
        if row.text(3)? != base.lineage.name && !met {
            return Ok(None);
        }
        // Only a file that may be of the same PC is read, and only now: what another upload held meanwhile is there too.
        let before = match path(desk.hub, desk.db, row.int(0)?, row.text(4)?).await {
            Ok(path) => uploads::read(desk.hub, &path, u64::MAX).await,
            Err(error) => Err(error.into()),
        };
        match before {
            Ok((file, mark)) => {
                Ok(Some(lack(desk.hub, &base.shadow, (&file, &mark), (&self.file, &self.mark))))
            }
            Err(Rejected::Store(Error::Database(error))) => Err(error.into()),
            Err(unreadable) => {
                let error = &unreadable as &dyn std::error::Error;
                tracing::error!(error, "a file that waits cannot be read: it waits on");
                Ok(None)
            }
        }
    }
}

/// Where the file of a batch that waits lies. It was taken once: the limit may have been another one then.
pub(crate) async fn path(hub: &Hub, db: &mut Db, id: i64, upload: &str) -> Result<PathBuf> {
    let path = hub.uploads().join(upload);
    if !path.exists() {
        // Another hub received it.
        let bytes = file(db, id).await?;
        if bytes.is_empty() {
            return Err(Error::NoHeld(id));
        }
        uploads::keep_bytes(hub, upload, bytes).await?;
    }
    Ok(path)
}

/// The tables for whose sake changes must wait, and then the others. `rows`: how many a table has.
pub(super) fn tables(rules: &Rules, changes: &[Change], rows: impl Fn(TableId) -> usize) -> Vec<HeldTable> {
    let held = merge::held(rules, changes, rows).into_iter();
    let new = |table: TableId| {
        let new = changes.iter().filter(|change| change.table == table);
        new.filter(|change| matches!(change.action, Action::Insert(_))).count()
    };
    let told = held.map(|held| HeldTable {
        table: rules[held.table].name.clone(),
        deletes: held.deletes as u64,
        updates: held.updates as u64,
        inserts: new(held.table) as u64,
        rows: held.rows as u64,
        ..HeldTable::default()
    });
    with_rest(rules, changes, told.collect())
}

/// Along with tables for whose sake changes wait: what these do to others, which goes through whatever is decided, but for
/// deletions of rows on which those hang.
pub(super) fn with_rest(rules: &Rules, changes: &[Change], mut held: Vec<HeldTable>) -> Vec<HeldTable> {
    if held.is_empty() {
        return held;
    }
    let kept = held_for(changes, rules, &held);
    let mut rest: BTreeMap<TableId, HeldTable> = BTreeMap::new();
    for change in changes.iter().filter(|change| !kept.has_table(change.table)) {
        let named =
            || HeldTable { table: rules[change.table].name.clone(), passes: true, ..HeldTable::default() };
        let told = rest.entry(change.table).or_insert_with(named);
        match change.action {
            Action::Insert(_) => told.inserts += 1,
            Action::Update(_) => told.updates += 1,
            Action::Delete { .. } if kept.has(change) => told.follow += 1,
            Action::Delete { .. } => told.deletes += 1,
        }
    }
    held.extend(rest.into_values());
    held
}

/// Keeps a file, in place of an earlier one of the same PC: one of which it lacks nothing.
pub(super) async fn keep(
    desk: &mut Desk<'_>,
    upload: &Receive,
    base: &Base,
    held: &[HeldTable],
) -> Result<()> {
    let file = uploads::bytes(desk.hub, &upload.upload).await?;
    let digest = blake3::hash(&file).to_hex().to_string();
    let mut id = None;
    for row in desk.db.find(HELD, &[("site", Value::Int(i64::from(upload.device.site.0)))]).await? {
        match row.text(6)? {
            SENT_BACK if row.text_or_none(9)? == Some(&digest) => return Ok(()),
            WAITING if upload.lacks(desk, base, &row).await? == Some(Lack::default()) => {
                id = Some(row.int(0)?);
            }
            _ => {}
        }
    }
    let tables = serde_json::to_string(held).map_err(|_| Error::Broken("a held batch cannot be told"))?;
    let id = id.unwrap_or_else(|| desk.meta.next_serial());
    let row = vec![
        Value::Int(id),
        Value::Int(i64::from(upload.device.site.0)),
        Value::Int(base.pc.id),
        text(&base.lineage.name),
        text(&upload.upload),
        text(tables),
        text(WAITING),
        text(visible(&upload.reason)),
        Value::Int(desk.now_ms),
        text(digest),
    ];
    desk.db.put(HELD, &[row]).await?;
    keep_ids(desk, upload, base).await?;
    keep_file(desk.db, id, &file).await?;
    audit_in(desk, &upload.device.region, [&upload.device.name, "held", &upload.upload]).await
}

async fn keep_file(db: &mut Db, id: i64, file: &[u8]) -> Result<()> {
    db.remove_with(HELD_FILES, &[("held", Value::Int(id))]).await?;
    for (part, bytes) in (0..).zip(file.chunks(PART_BYTES)) {
        let row = vec![Value::Int(id), Value::Int(part), Value::Bytes(bytes.to_vec())];
        db.add(HELD_FILES, &[row]).await?;
    }
    Ok(())
}

/// Keeps a batch of an agent; returns its number among those that wait.
pub(super) async fn keep_batch(
    desk: &mut Desk<'_>,
    device: &Device,
    (name, batch): (&str, &[u8]),
    held: &[HeldTable],
) -> Result<i64> {
    let tables = serde_json::to_string(held).map_err(|_| Error::Broken("a held batch cannot be told"))?;
    let id = desk.meta.next_serial();
    let row = vec![
        Value::Int(id),
        Value::Int(i64::from(device.site.0)),
        Value::Null,
        text(BATCH),
        text(name),
        text(tables),
        text(WAITING),
        text(BATCH),
        Value::Int(desk.now_ms),
        text(blake3::hash(batch).to_hex().to_string()),
    ];
    desk.db.put(HELD, &[row]).await?;
    keep_file(desk.db, id, batch).await?;
    audit_in(desk, &device.region, [&device.name, "held", name]).await?;
    Ok(id)
}

/// What does not wait any more.
pub(super) struct Ended {
    pub site: i64,
    pub tables: Vec<HeldTable>,
    pub kept: Vec<u8>,
}

/// For which tables a batch waits, and what it does to others.
pub(super) async fn tables_of(db: &mut Db, id: i64) -> Result<Vec<HeldTable>> {
    let tables = serde_json::from_str(find(db, id).await?.text(5)?);
    tables.map_err(|_| Error::Broken("a held batch cannot be read"))
}

/// Of which site a batch is, and what was kept of it.
pub(super) async fn kept(db: &mut Db, id: i64) -> Result<(i64, Vec<u8>)> {
    Ok((find(db, id).await?.int(1)?, file(db, id).await?))
}

/// Ends the waiting of a batch.
pub(super) async fn end(desk: &mut Desk<'_>, id: i64, (state, who): (&'static str, &str)) -> Result<Ended> {
    let mut row = find(desk.db, id).await?;
    let tables = serde_json::from_str(row.text(5)?);
    let tables = tables.map_err(|_| Error::Broken("a held batch cannot be read"))?;
    let ended = Ended { site: row.int(1)?, tables, kept: file(desk.db, id).await? };
    let device = sites::device_of(desk.db, ended.site).await?;
    let region = device.map_or(Region::All, |device| device.region);
    audit_in(desk, &region, [who, state, row.text(4)?]).await?;
    row.0[6] = text(state);
    desk.db.put(HELD, &[row.0]).await?;
    desk.db.remove_with(HELD_FILES, &[("held", Value::Int(id))]).await?;
    Ok(ended)
}

/// Whether what waits under this number is a batch of an agent, and no file.
pub(crate) async fn is_batch(db: &mut Db, id: i64) -> Result<bool> {
    Ok(find(db, id).await?.text(3)? == BATCH)
}

/// Ids that the file has given are given, also if nothing of it is ever taken. Behind a shared key a PC that was never
/// heard of cannot be told from others.
async fn keep_ids(desk: &mut Desk<'_>, upload: &Receive, base: &Base) -> Result<()> {
    let rules = &desk.hub.rules;
    if !upload.device.shared {
        lineage::save_pc(desk.db, &base.pc).await?;
    } else if base.pc.latest.is_none() {
        return Ok(());
    }
    let used = ids::used(rules, &upload.file, &base.last_ids);
    lineage::save_last_ids(desk.db, rules, base.pc.id, &used).await
}

/// The file of a batch that waits.
async fn file(db: &mut Db, id: i64) -> Result<Vec<u8>> {
    let mut parts = db.find(HELD_FILES, &[("held", Value::Int(id))]).await?;
    parts.sort_by_key(|row| row.int(1).unwrap_or_default());
    let parts = parts.iter().map(|row| row.bytes(2)).collect::<Result<Vec<_>>>()?;
    Ok(parts.concat())
}

/// Ends what waits of a lineage of which a later file is merged: one that has everything that it would have brought.
pub(super) async fn supersede(desk: &mut Desk<'_>, upload: &Receive, base: &Base) -> Result<()> {
    let site = Value::Int(i64::from(upload.device.site.0));
    for mut row in desk.db.find(HELD, &[("site", site), ("state", text(WAITING))]).await? {
        if upload.lacks(desk, base, &row).await?.is_none_or(|lack| lack.news) {
            continue;
        }
        let held = row.0[0].clone();
        row.0[6] = text(SUPERSEDED);
        audit_in(desk, &upload.device.region, [&upload.device.name, SUPERSEDED, row.text(4)?]).await?;
        desk.db.put(HELD, &[row.0]).await?;
        desk.db.remove_with(HELD_FILES, &[("held", held)]).await?;
    }
    Ok(())
}

/// Lineages whose shadows are still needed to merge a batch that waits.
pub(super) async fn lineages(db: &mut Db) -> Result<HashSet<String>> {
    let rows = db.find(HELD, &[("state", text(WAITING))]).await?;
    rows.iter().map(|row| Ok(row.text(3)?.to_owned())).collect()
}

/// Whether something of this PC waits. A site with its own token is one PC, also before a file of it was taken.
pub(super) async fn waits(db: &mut Db, device: &Device, pc: i64) -> Result<bool> {
    let site = Value::Int(i64::from(device.site.0));
    for row in db.find(HELD, &[("site", site), ("state", text(WAITING))]).await? {
        if !device.shared || row.int_or_none(2)? == Some(pc) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Settles a held batch. The mode of `upload`, the batch itself, says how.
pub(crate) struct Decide {
    pub id: i64,
    pub who: String,
    pub upload: Receive,
}

/// Who sent a batch, under which name its file is kept, and why it was sent.
pub(crate) async fn batch(db: &mut Db, id: i64) -> Result<(Device, String, String)> {
    let row = find(db, id).await?;
    let device = sites::device_of(db, row.int(1)?).await?.ok_or(Error::NoHeld(id))?;
    Ok((device, row.text(4)?.to_owned(), row.text(7)?.to_owned()))
}

/// Files that must be kept however old they are.
pub(crate) async fn uploads(db: &mut Db) -> Result<HashSet<String>> {
    let rows = db.find(HELD, &[("state", text(WAITING))]).await?;
    rows.iter().map(|row| Ok(row.text(4)?.to_owned())).collect()
}

/// A held batch by its number, if it still waits.
async fn find(db: &mut Db, id: i64) -> Result<Row> {
    let row = db.find(HELD, &[("id", Value::Int(id))]).await?.pop().ok_or(Error::NoHeld(id))?;
    match row.text(6)? {
        WAITING => Ok(row),
        SUPERSEDED => Err(Error::Superseded(id)),
        _ => Err(Error::NoHeld(id)),
    }
}

#[async_trait]
impl Job for Decide {
    type Answer = Receipt;
    type Failure = Rejected;

    async fn run(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Receipt, Rejected> {
        let state = if self.upload.mode == Mode::SentBack { SENT_BACK } else { LET_THROUGH };
        end(desk, self.id, (state, &self.who)).await?;
        guard::begin_anew(desk, self.upload.device.site).await?;
        let since = desk.meta.rev;
        let receipt = self.upload.receive(desk).await?;
        history::announce(desk, &self.upload.device.region, since).await?;
        Ok(receipt)
    }
}

/// Since when each file and batch of a site waits that does.
pub(super) async fn since(db: &mut Db, site: SiteId) -> Result<Vec<i64>> {
    let with = [("site", Value::Int(i64::from(site.0))), ("state", text(WAITING))];
    db.find(HELD, &with).await?.iter().map(|row| row.int(8)).collect()
}
