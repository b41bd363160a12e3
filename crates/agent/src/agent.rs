//! An agent at work: one task a concern, each woken by a signal and by a timer.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use replica::wire::News;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    CycleError, Enrolment, Exchange, Link, Report, Settings, SettingsError, Tools, Trouble,
    cycle::note,
    office::{self, Lock},
    pause::Pause,
    watch::Watch,
};

/// One office file kept in step with its hub. Cheap to clone; all clones are one agent.
#[derive(Clone)]
pub struct Agent(Arc<Inner>);

struct Inner {
    tools: Tools,
    /// Where the settings are kept.
    path: PathBuf,
    settings: watch::Sender<Settings>,
    /// Their file and they change together.
    changing: Mutex<()>,
    state: watch::Sender<State>,
    /// Something asks for a cycle.
    wanted: Notify,
    /// A cycle went well again.
    back: Notify,
    /// The next cycle introduces itself, and asks about what waits at the hub.
    greet: AtomicBool,
    /// The file is this agent's, between the cycles too.
    lock: Mutex<Option<Lock>>,
}

/// How the agent stands, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// When the last cycle went to its end. **Units**: milliseconds since 1970.
    pub done_ms: Option<i64>,
    pub report: Report,
    /// Where the site belongs, as the hub said last.
    pub region: Option<String>,
    pub trouble: Option<Trouble>,
    /// The newest first.
    pub troubles: Vec<Trouble>,
    /// Whether a cycle is under way.
    pub busy: bool,
    /// Whether it began while the synchronisation was on: then it speaks to the hub, whatever is switched meanwhile.
    pub exchanging: bool,
    /// Whether the hub's news are being listened to.
    pub online: bool,
    /// Counts the cycles that ended, well or not.
    pub cycles: u64,
}

/// Without any signal a cycle comes this often, and with any number of them the hub's clock is looked at this often.
const TIMER: Duration = Duration::from_secs(300);
/// After a write others of the same work follow.
const SETTLE: Duration = Duration::from_millis(50);
const TROUBLES_MAX: usize = 20;
/// A clock that is further off makes what the program itself dates wrong.
const CLOCK_FAR: Duration = Duration::from_mins(5);

impl Agent {
    #[must_use]
    pub fn new(settings: Settings, path: PathBuf, tools: Tools) -> Self {
        let (settings, state) = (watch::Sender::new(settings), watch::Sender::new(State::default()));
        Self(Arc::new(Inner {
            tools,
            path,
            settings,
            changing: Mutex::default(),
            state,
            wanted: Notify::new(),
            back: Notify::new(),
            greet: AtomicBool::new(false),
            lock: Mutex::default(),
        }))
    }

    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.settings.borrow().clone()
    }

    /// Keeps other settings; they count from the next cycle on.
    ///
    /// # Errors
    /// [`SettingsError`]; then the old ones stay.
    pub fn change(&self, settings: Settings) -> Result<(), SettingsError> {
        let _one_at_a_time = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        settings.save(&self.0.path)?;
        self.0.settings.send_replace(settings);
        self.wake();
        Ok(())
    }

    /// By this PC's clock.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.0.tools.clock)()
    }

    #[must_use]
    pub fn state(&self) -> State {
        self.0.state.borrow().clone()
    }

    pub(crate) fn states(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    /// Asks for a cycle as soon as possible.
    pub fn wake(&self) {
        self.0.wanted.notify_one();
    }

    /// Şimdi eşitle: a cycle that begins after now, to its end.
    pub async fn sync_now(&self) -> State {
        let mut states = self.states();
        let (wanted, greet) = {
            let now = states.borrow_and_update();
            // What somebody was asked to see to may have been done.
            let greet = now.waits() || now.report.is_clock_far();
            (now.cycles + 1 + u64::from(now.busy), greet)
        };
        self.0.greet.fetch_or(greet, Ordering::Relaxed);
        self.wake();
        // The agent ends together with whoever could wait.
        let _ = states.wait_for(|state| state.cycles >= wanted).await;
        self.state()
    }

    /// Makes the file this agent's alone, if it is not yet.
    ///
    /// # Errors
    /// [`office::Error`]; a file that is not there, or may not be written, can come back later.
    pub fn claim(&self) -> Result<Lock, office::Error> {
        let db = self.settings().db;
        let mut held = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = held.as_ref().filter(|lock| lock.is_of(&db)) {
            return Ok(lock.clone());
        }
        Ok(held.insert(Lock::take(&db)?).clone())
    }

    /// Works until `stop` ends; the cycle under way is given up where it can be, which loses nothing.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.work() => {}
            () = self.listen() => {}
            () = self.look() => {}
        }
    }

    /// Cycle after cycle.
    async fn work(&self) {
        let (mut pause, mut greet_at) = (Pause::default(), Instant::now());
        let mut exchange: Option<(Enrolment, Exchange<Link>)> = None;
        loop {
            let now = Instant::now();
            if self.0.greet.swap(false, Ordering::Relaxed) || greet_at <= now {
                greet_at = now + TIMER;
                if let Some((_, exchange)) = &mut exchange {
                    exchange.greet_again();
                }
            }
            let next = if self.once(&mut exchange).await.is_err() {
                Instant::now() + pause.longer(self.random())
            } else {
                pause.over();
                greet_at
            };
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.0.wanted.notified() => {}
            }
        }
    }

    /// One cycle with the settings of now.
    ///
    /// # Errors
    /// [`CycleError`], which is also in the state.
    async fn once(&self, kept: &mut Option<(Enrolment, Exchange<Link>)>) -> Result<(), CycleError> {
        let settings = self.settings();
        let was_in_trouble = self.0.state.borrow().trouble.is_some();
        self.0.state.send_modify(|state| (state.busy, state.exchanging) = (true, settings.active));
        let mut outcome = self.exchange(&settings, kept).await;
        let mut waiting = None;
        if !matches!(outcome, Ok(Some(_)) | Err(CycleError::Office(_))) {
            // What the office writes waits, and is counted, without a hub too.
            let noted = async { note(&self.claim()?, &self.0.tools).await };
            match noted.await {
                Ok(standing) => waiting = Some(standing.waiting),
                Err(error) if outcome.is_ok() => outcome = Err(error.into()),
                Err(_) => {}
            }
        }
        let region = kept.as_ref().and_then(|(_, exchange)| exchange.region());
        let now_ms = (self.0.tools.clock)();
        self.tell(&outcome);
        self.0.state.send_modify(|state| {
            state.end(now_ms, &outcome, region);
            state.report.waiting = waiting.unwrap_or(state.report.waiting);
        });
        if was_in_trouble && matches!(outcome, Ok(Some(_))) {
            self.0.back.notify_one();
        }
        outcome.map(|_| ())
    }

    /// A line of the log, where there is something to tell.
    fn tell(&self, outcome: &Result<Option<Report>, CycleError>) {
        let held_before = self.0.state.borrow().report.held;
        match outcome {
            Err(error) => {
                tracing::warn!(error = error as &dyn std::error::Error, "a cycle did not go to its end");
            }
            Ok(Some(report)) if report.moved() || report.held != held_before => {
                let Report { met, pushed, pulled, conflicts, held, refused, .. } = report;
                tracing::info!(target: "sync", met, pushed, pulled, conflicts, held, refused, "exchanged");
            }
            Ok(_) => {}
        }
    }

    /// `None`: it is switched off.
    async fn exchange(
        &self,
        settings: &Settings,
        kept: &mut Option<(Enrolment, Exchange<Link>)>,
    ) -> Result<Option<Report>, CycleError> {
        let file = self.claim()?;
        if !settings.active {
            return Ok(None);
        }
        if kept.as_ref().is_none_or(|(hub, _)| *hub != settings.hub) {
            *kept = Some((settings.hub.clone(), Exchange::new(Link::new(&settings.hub)?)));
        }
        match kept {
            Some((_, exchange)) => exchange.cycle(&file, &self.0.tools).await.map(Some),
            None => Ok(None),
        }
    }

    /// Hears of what others changed.
    async fn listen(&self) {
        let mut pause = Pause::default();
        let mut settings = self.0.settings.subscribe();
        loop {
            let now = settings.borrow_and_update().clone();
            let heard = async {
                if !now.active {
                    return std::future::pending().await;
                }
                let link = Link::new(&now.hub)?;
                link.events(|news| self.hear(news)).await
            };
            tokio::select! {
                _ = heard => {
                    let was_heard = self.online(false);
                    if was_heard {
                        pause.over();
                    }
                    tokio::select! {
                        () = sleep(pause.longer(self.random())) => {
                            // A hub that could be heard was not away a moment ago. Whether it is now is found out soon, and
                            // told; not by all offices in one moment.
                            if was_heard {
                                self.wake();
                            }
                            continue;
                        }
                        () = self.0.back.notified() => {}
                        changed = settings.changed() => if changed.is_err() { return },
                    }
                }
                changed = settings.changed() => {
                    self.online(false);
                    if changed.is_err() { return; }
                }
            }
            // What stood in the way may be gone.
            pause.over();
        }
    }

    /// Notices what the office's program writes.
    async fn look(&self) {
        let mut settings = self.0.settings.subscribe();
        loop {
            let db = settings.borrow_and_update().db.clone();
            let mut watch = Watch::new(&db);
            let mut states = self.states();
            loop {
                tokio::select! {
                    () = watch.written() => {
                        sleep(SETTLE).await;
                        // Our own cycle writes too: what it wrote is known when it has ended.
                        let ended = states.wait_for(|state| !state.busy).await.is_ok();
                        if !ended { return; }
                        self.wake();
                    }
                    changed = settings.changed() => {
                        if changed.is_err() { return; }
                        // A new watch does not see what was written just before it: the old one goes on where it can.
                        if settings.borrow_and_update().db != db { break; }
                    }
                }
            }
        }
    }

    fn hear(&self, news: News) {
        if self.online(true) {
            // It may be a restored one, which a pull shows.
            self.wake();
        }
        let (is_news, waits) = {
            let state = self.0.state.borrow();
            (state.is_news(news), state.waits())
        };
        if is_news {
            self.0.greet.fetch_or(waits, Ordering::Relaxed);
            self.wake();
        }
    }

    /// Whether it was otherwise before.
    fn online(&self, online: bool) -> bool {
        self.0.state.send_if_modified(|state| std::mem::replace(&mut state.online, online) != online)
    }

    fn random(&self) -> u32 {
        let mut bytes = [0; 4];
        (self.0.tools.random)(&mut bytes);
        u32::from_le_bytes(bytes)
    }
}

impl Report {
    /// Whether any row went up or came down.
    const fn moved(&self) -> bool {
        self.met + self.pushed + self.pulled + self.refused > 0
    }

    pub(crate) fn is_clock_far(&self) -> bool {
        Duration::from_millis(self.clock_ahead_ms.unsigned_abs()) > CLOCK_FAR
    }
}

impl State {
    /// Whether something waits at the hub, which may have been decided by now.
    const fn waits(&self) -> bool {
        self.report.held > 0
    }

    /// What the file has already, mostly by our own doing, is no news: unless something waits, as the cycle that has pulled
    /// it did not ask about that.
    const fn is_news(&self, news: News) -> bool {
        news.rev > self.report.cursor || self.waits()
    }

    fn end(&mut self, now_ms: i64, outcome: &Result<Option<Report>, CycleError>, region: Option<&str>) {
        (self.busy, self.exchanging) = (false, false);
        self.cycles += 1;
        match outcome {
            Ok(None) => self.trouble = None,
            Ok(Some(report)) => {
                self.done_ms = Some(now_ms);
                self.trouble = None;
                self.report = report.clone();
                self.region = region.map(str::to_owned).or_else(|| self.region.take());
            }
            Err(error) => {
                let trouble = Trouble::of(now_ms, error);
                // One that goes on is told once, with when it was seen last.
                self.troubles.retain(|old| old.text != trouble.text);
                self.troubles.insert(0, trouble.clone());
                self.troubles.truncate(TROUBLES_MAX);
                self.trouble = Some(trouble);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_that_a_cycle_has_pulled_already_ask_again_about_what_waits() {
        let state =
            |held| State { report: Report { cursor: 7, held, ..Report::default() }, ..State::default() };
        let news = |held| [7, 8].map(|rev| state(held).is_news(News { rev }));
        assert_eq!((news(0), news(1)), ([false, true], [true, true]));
    }
}
