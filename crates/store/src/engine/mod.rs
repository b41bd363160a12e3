//! The way of an upload into the store, and of a hand-out back.

mod again;
mod agents;
mod agreed;
pub(crate) mod batches;
mod bearer;
mod branch;
mod by_id;
mod choose;
mod compare;
mod erase;
mod evidence;
mod fit;
mod forget;
mod forgotten;
mod hand_out;
mod held;
mod history;
mod ids;
mod kin;
mod later;
mod lineage;
mod meet;
mod merged;
mod merging;
mod names;
mod pull;
mod push;
mod receipt;
mod receive;
mod refused;
mod resolve;
mod rows;
mod settle;
mod shadow;
mod undo;
mod within;

use async_trait::async_trait;
use model::{SiteId, Value};

pub(crate) use agents::{Greet, SKEW_MAX_MS, TellOlder, said, standing};
pub(crate) use erase::Erase;
pub use erase::forgotten_name;
pub(crate) use forget::newest as newest_hand_outs;
pub(crate) use hand_out::{HandOut, Prepared, Taker};
pub(crate) use held::{
    Decide, SUPERSEDED, WAITING, batch as held_batch, is_batch, path as held_path, uploads as held_uploads,
};
pub(crate) use history::shown;
pub(crate) use meet::Meet;
pub(crate) use merging::Seen;
pub(crate) use pull::{View, page};
pub(crate) use push::{DecideBatch, Push};
pub(crate) use receive::{FROM_AGENT, Mode, Receive};
pub(crate) use resolve::{HEADQUARTERS, LookAt, Resolve};
pub(crate) use undo::{Undo, is_seen};
pub(crate) use within::LookInto;

pub(crate) use crate::activity::{note as audit, note_in as audit_in};

use crate::{Error, Health, Result, desk::Desk, query::text, shape::ALERTS, writer::Job};

/// A line of the activity that others write.
pub(crate) struct Note {
    pub who: String,
    pub action: String,
    pub what: String,
}

#[async_trait]
impl Job for Note {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        audit(desk, &self.who, &self.action, &self.what).await
    }
}

/// Asks how the store is, at the place where it is written.
pub(crate) struct Examine;

#[async_trait]
impl Job for Examine {
    type Answer = Health;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Health> {
        let server = desk.db.session.server().await?;
        Ok(Health { product: server.product, version: server.version, rev: desk.meta.rev.0 })
    }
}

/// Something that a person should look at.
pub(super) struct Alarm {
    pub site: SiteId,
    pub kind: &'static str,
    pub what: String,
    /// How many rows it is about; 0: the file as a whole.
    pub rows: usize,
}

/// Raises an alert: of each occurrence once.
pub(super) async fn alert(desk: &mut Desk<'_>, alarm: Alarm) -> Result<()> {
    let row = vec![
        Value::Int(desk.meta.next_serial()),
        Value::Int(i64::from(alarm.site.0)),
        text(alarm.kind),
        text(alarm.what),
        Value::Int(i64::try_from(alarm.rows).unwrap_or(i64::MAX)),
        Value::Int(desk.now_ms),
    ];
    desk.db.add(ALERTS, &[row]).await
}
