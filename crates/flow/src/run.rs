//! Runs flows: one flow is one transaction of the target.

mod done;
mod job;
mod prepare;

use std::collections::{HashMap, HashSet};

use database::{Begin, Session};
use model::{Policy, Zone, policy};

use self::job::{Job, Seat};
use crate::{
    clock::Stopwatch,
    definition::Flow,
    error::{Error, Result},
    report::{FlowReport, State},
    state::Store,
};

/// How often a flow is tried when somebody else is in the way.
const TRIES: u32 = 5;

/// Opens the databases that flows name.
#[async_trait::async_trait]
pub trait Connect: Send + Sync {
    /// A new session on the database called `name`, which is made if it is not there and `may_create`.
    async fn open(&self, name: &str, may_create: bool) -> Result<Box<dyn Session>>;
}

/// Hears how a run gets on.
pub trait Progress: Send + Sync {
    fn started(&self, flow: &str);
    /// Rows of the flow looked at so far.
    fn rows(&self, flow: &str, read: u64);
    fn finished(&self, report: &FlowReport);
}

/// What a run is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Compare everything, whatever the cursors say.
    pub full: bool,
    /// Write nothing, tell what would be written.
    pub dry_run: bool,
    /// Let deletes through that the guard would hold.
    pub allow_deletes: bool,
    /// Go on although source columns have vanished or changed their type.
    pub accept_drift: bool,
    /// Steps of a dry run and parked rows that a report shows.
    pub shown: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { full: false, dry_run: false, allow_deletes: false, accept_drift: false, shown: 20 }
    }
}

/// Runs flows one after the other on shared sessions.
pub struct Runner<'a> {
    connect: &'a dyn Connect,
    progress: &'a dyn Progress,
    zone: Zone,
    options: Options,
    sessions: HashMap<(String, Side), Box<dyn Session>>,
    /// Databases that could not be opened: asked once a run, not once a flow.
    closed: HashSet<String>,
    /// Accounts of flows that had nothing to write, by database: written together at the end.
    quiet: HashMap<String, Vec<Account>>,
}

/// A database may be source and target of one flow: each side has a session of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    Source,
    Target,
}

/// What a session is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Source,
    Target,
    /// A target that may be made.
    MadeTarget,
}

struct Account {
    report: FlowReport,
    table: String,
    direction: String,
    message: String,
}

impl<'a> Runner<'a> {
    #[must_use]
    pub fn new(connect: &'a dyn Connect, progress: &'a dyn Progress, zone: Zone, options: Options) -> Self {
        Self {
            connect,
            progress,
            zone,
            options,
            sessions: HashMap::new(),
            closed: HashSet::new(),
            quiet: HashMap::new(),
        }
    }

    /// Runs `flows` in this order. A failing flow does not stop those that do not come after it.
    pub async fn run(mut self, flows: &[Flow]) -> Vec<FlowReport> {
        let mut reports: Vec<FlowReport> = Vec::with_capacity(flows.len());
        for flow in flows {
            self.progress.started(&flow.name);
            let watch = Stopwatch::start();
            let mut report = match waits_for(flow, flows, &reports) {
                Some(failed) => FlowReport::failed(&flow.name, Error::Waits(failed)),
                None => self.run_patiently(flow).await,
            };
            if self.options.dry_run && report.failure.as_ref().is_some_and(|error| will_be_made(error, flows))
            {
                report = FlowReport::new(&flow.name);
            }
            report.seconds = watch.seconds();
            finish(&mut report);
            self.keep_account(flow, &report).await;
            self.progress.finished(&report);
            reports.push(report);
        }
        self.settle_accounts().await;
        reports
    }

    async fn run_patiently(&mut self, flow: &Flow) -> FlowReport {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.run_once(flow).await {
                Ok(report) => return report,
                Err(error) if policy(error.kind()) == Policy::Retry && tries < TRIES => {
                    tracing::warn!(flow = flow.name, tries, "busy, trying again");
                    tokio::time::sleep(std::time::Duration::from_millis(200 << tries)).await;
                }
                Err(error) => return FlowReport::failed(&flow.name, error),
            }
        }
    }

    async fn run_once(&mut self, flow: &Flow) -> Result<FlowReport> {
        let mut source = Seat(Some(self.session(&flow.source.database, Role::Source).await?));
        let role = if flow.target.create { Role::MadeTarget } else { Role::Target };
        let mut target = self.session(&flow.target.database, role).await?;
        let job = Job {
            flow,
            zone: &self.zone,
            options: self.options,
            progress: self.progress,
            watch: Stopwatch::start(),
        };
        let report = job.run(&mut source, target.as_mut()).await?;
        if let Some(source) = source.0 {
            self.sessions.insert((flow.source.database.clone(), Side::Source), source);
        }
        self.sessions.insert((flow.target.database.clone(), Side::Target), target);
        Ok(report)
    }

    async fn session(&mut self, name: &str, role: Role) -> Result<Box<dyn Session>> {
        let side = if role == Role::Source { Side::Source } else { Side::Target };
        if let Some(session) = self.sessions.remove(&(name.to_owned(), side)) {
            return Ok(session);
        }
        if self.closed.contains(name) {
            return Err(Error::Unopened(name.to_owned()));
        }
        let opened = self.connect.open(name, role == Role::MadeTarget).await;
        if opened.as_ref().is_err_and(|error| policy(error.kind()) == Policy::Stop) {
            self.closed.insert(name.to_owned());
        }
        opened
    }

    /// Flows that wrote have accounted for themselves in their own transaction; the others are accounted for here.
    async fn keep_account(&mut self, flow: &Flow, report: &FlowReport) {
        if flow.stateless || self.options.dry_run || (report.wrote() && report.state != State::Failed) {
            return;
        }
        let message = report.failure.as_ref().map_or_else(|| shortfall(report), chain);
        let copy =
            FlowReport { state: report.state, seconds: report.seconds, ..FlowReport::new(&report.name) };
        let account = Account {
            report: copy,
            table: flow.target.table.clone(),
            direction: flow.direction.clone(),
            message,
        };
        self.quiet.entry(flow.target.database.clone()).or_default().push(account);
    }

    async fn settle_accounts(&mut self) {
        for (database, accounts) in std::mem::take(&mut self.quiet) {
            if let Err(error) = self.settle(&database, &accounts).await {
                tracing::warn!(database, error = chain(&error), "accounts of the run were not written");
            }
        }
    }

    async fn settle(&mut self, database: &str, accounts: &[Account]) -> Result<()> {
        let mut session = self.session(database, Role::Target).await?;
        let fail = Error::database(database);
        let now = session.clock().await.map_err(&fail)?;
        session.begin(Begin::Own).await.map_err(&fail)?;
        let store = Store { database, zone: &self.zone, now };
        for direction in ["erp_to_web", "web_to_erp"] {
            let of: Vec<_> = accounts
                .iter()
                .filter(|account| account.direction == direction)
                .map(|account| (&account.report, account.table.as_str(), account.message.clone()))
                .collect();
            store.account_or_warn(session.as_mut(), direction, &of).await?;
        }
        session.commit().await.map_err(&fail)
    }
}

/// The flow that `flow` must come after and that has failed in this run.
fn waits_for(flow: &Flow, flows: &[Flow], reports: &[FlowReport]) -> Option<String> {
    let failed = |other: &&Flow| {
        let state = reports.iter().find(|report| report.name == other.name).map(|report| report.state);
        state == Some(State::Failed) && flow.after.iter().any(|name| other.answers_to(name))
    };
    flows.iter().find(failed).map(|other| other.name.clone())
}

/// Whether a table that a dry run misses is one that another flow of the run makes.
fn will_be_made(error: &Error, flows: &[Flow]) -> bool {
    let Error::NoTable { database, table } = error else { return false };
    flows.iter().any(|flow| flow.makes(database, table))
}

/// One sentence of an error and its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Why a run is not wholly done, for the accounts.
fn shortfall(report: &FlowReport) -> String {
    let first = report.reasons.first().map(|row| format!(" ({} {}: {})", row.key, row.column, row.reason));
    match report.parked + report.held {
        0 => String::new(),
        _ => format!("parked {}, held {}{}", report.parked, report.held, first.unwrap_or_default()),
    }
}

fn finish(report: &mut FlowReport) {
    if report.state != State::Failed && report.parked + report.held > 0 {
        report.state = State::Partial;
    }
}
