//! Sessions and turns that the flows of one run share.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use database::Session;
use model::{Policy, policy};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::{Connect, Purpose};
use crate::error::{Error, Result};

/// Open sessions that nobody uses at the moment, and whose turn it is on databases that let only one write.
pub(super) struct Pool<'a> {
    connect: &'a dyn Connect,
    idle: Mutex<HashMap<String, Vec<Box<dyn Session>>>>,
    /// Databases that could not be opened: asked once a run, not once a flow.
    closed: Mutex<HashSet<String>>,
    turns: Mutex<HashMap<String, Arc<RwLock<()>>>>,
}

/// The right to use databases that let only one write, until it is dropped.
pub(super) struct Turn(Vec<Held>);

#[expect(dead_code, reason = "held for its drop")]
enum Held {
    Reading(OwnedRwLockReadGuard<()>),
    Writing(OwnedRwLockWriteGuard<()>),
}

impl<'a> Pool<'a> {
    pub(super) fn new(connect: &'a dyn Connect) -> Self {
        Self { connect, idle: Mutex::default(), closed: Mutex::default(), turns: Mutex::default() }
    }

    /// A session that is the caller's alone until it is given back.
    pub(super) async fn take(&self, name: &str, purpose: Purpose) -> Result<Box<dyn Session>> {
        if let Some(session) = held(&self.idle).get_mut(name).and_then(Vec::pop) {
            return Ok(session);
        }
        if held(&self.closed).contains(name) {
            return Err(Error::Unopened(name.to_owned()));
        }
        let opened = self.connect.open(name, purpose).await;
        if opened.as_ref().is_err_and(|error| policy(error.kind()) == Policy::Stop) {
            held(&self.closed).insert(name.to_owned());
        }
        opened
    }

    /// Databases that could not be opened are tried again.
    pub(super) fn forget_closed(&self) {
        held(&self.closed).clear();
    }

    pub(super) fn give_back(&self, name: &str, session: Box<dyn Session>) {
        held(&self.idle).entry(name.to_owned()).or_default().push(session);
    }

    /// Waits until `reads` may be read and `writes` be written without standing in the way of another flow of this run.
    /// All ask for names in one order, so that nobody waits in a circle.
    pub(super) async fn turn(&self, reads: &[Option<&str>], writes: Option<&str>) -> Turn {
        let reads = reads.iter().flatten().map(|name| (*name, false));
        let names: BTreeMap<&str, bool> = reads.chain(writes.map(|name| (name, true))).collect();
        let mut turn = Turn(Vec::new());
        for (name, write) in names {
            let lock = Arc::clone(held(&self.turns).entry(name.to_owned()).or_default());
            turn.0.push(if write {
                Held::Writing(lock.write_owned().await)
            } else {
                Held::Reading(lock.read_owned().await)
            });
        }
        turn
    }
}

/// What a panic left behind is still whole: every change here is one call.
fn held<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
