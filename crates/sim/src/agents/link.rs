//! The way between an agent and the hub: it loses requests and answers, and delivers some requests twice.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use agent::LinkError;
use replica::wire::{Code, Hello, Met, Page, Push, Pushed, ROWS_MAX, Trouble, Welcome};
use store::{Declined, Device, Since, Store};
use testkit::random::Rng;

/// The way of one PC to the hub. All clones are one.
#[derive(Clone)]
pub struct Lossy {
    pub device: Device,
    state: Arc<Mutex<State>>,
}

struct State {
    store: Store,
    rng: Rng,
    /// **Units**: thousandths of the messages.
    lost: u64,
}

/// What the link does with one request.
#[derive(Clone, Copy)]
pub struct Luck {
    pub arrives: bool,
    pub twice: bool,
    pub answered: bool,
}

impl Lossy {
    pub fn new(device: Device, store: &Store, lost: u64) -> Self {
        let state = State { store: store.clone(), rng: Rng::new(0), lost };
        Self { device, state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn luck(&self) -> Luck {
        let mut state = self.state();
        let lost = state.lost;
        let mut draw = || state.rng.below(1_000) < lost;
        Luck { arrives: !draw(), twice: draw(), answered: !draw() }
    }

    /// What it loses from now on follows from this.
    pub fn draw_from(&self, seed: u64) {
        self.state().rng = Rng::of(seed, "link", 0);
    }

    /// **Units**: thousandths of the messages.
    pub fn lose(&self, lost: u64) {
        self.state().lost = lost;
    }

    /// From now on it leads to this hub.
    pub fn turn(&self, store: &Store) {
        self.state().store = store.clone();
    }

    pub fn store(&self) -> Store {
        self.state().store.clone()
    }
}

fn away() -> LinkError {
    trouble(Code::Busy, "the link is down", 0, 0)
}

fn trouble(code: Code, error: &str, number: u64, seen: i64) -> LinkError {
    LinkError::Refused(Trouble { code, error: error.to_owned(), number, seen })
}

fn declined(declined: &Declined) -> LinkError {
    let text = declined.to_string();
    match declined {
        Declined::Older { number, seen } => trouble(Code::Older, &text, *number, *seen),
        Declined::Behind { number, seen } => trouble(Code::Behind, &text, *number, *seen),
        Declined::Decided { number, seen } => trouble(Code::Decided, &text, *number, *seen),
        Declined::Message(_) => trouble(Code::Message, &text, 0, 0),
        Declined::Revoked => trouble(Code::Token, &text, 0, 0),
        Declined::Store(_) => trouble(Code::Hub, &text, 0, 0),
    }
}

/// Asks over the lossy link.
macro_rules! over {
    ($link:expr, $ask:expr) => {{
        let Luck { arrives, twice, answered } = $link.luck();
        if !arrives {
            return Err(away());
        }
        if twice {
            // The answer of the first is never read.
            let _ = $ask.await;
        }
        let answer = $ask.await.map_err(|error| declined(&error));
        if answered { answer } else { Err(away()) }
    }};
}

#[async_trait::async_trait]
impl agent::Hub for Lossy {
    async fn hello(&self, hello: &Hello) -> Result<Welcome, LinkError> {
        over!(self, self.store().hello(&self.device, hello.clone()))
    }

    async fn meet(&self, file: &Path) -> Result<Met, LinkError> {
        let Luck { arrives, answered, .. } = self.luck();
        let met = if arrives { self.store().meet(&self.device, file).await } else { return Err(away()) };
        let met = met.map_err(|error| trouble(Code::Other, &error.to_string(), 0, 0));
        if answered { met } else { Err(away()) }
    }

    async fn push(&self, push: &Push) -> Result<Pushed, LinkError> {
        over!(self, self.store().push(&self.device, push.clone()))
    }

    async fn pull(&self, rev: i64, mark: Option<&str>) -> Result<Page, LinkError> {
        let since = Since { rev, mark: mark.map(str::to_owned) };
        over!(self, self.store().pull(&self.device, since.clone(), ROWS_MAX / 50))
    }
}
