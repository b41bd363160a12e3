//! Runs flows: one flow is one transaction of the target, and flows that do not wait for each other run side by side.

mod accounts;
mod done;
mod job;
mod order;
mod pool;
mod prepare;

use database::Session;
use futures_util::{StreamExt, stream::FuturesUnordered};
use model::{Policy, Zone, policy};

use self::{
    accounts::Accounts,
    job::{Job, Seat},
    order::Order,
    pool::Pool,
};
use crate::{
    bind::{Bound, bind},
    clock::Stopwatch,
    definition::{Flow, Rows},
    error::{Error, Result},
    report::{FlowReport, State},
    source::PAGE_ROWS,
};

/// Flows that run side by side. Each has a target session that is busy by itself, and holds a few pages in memory.
const SIDE_BY_SIDE: usize = 2;

/// Opens the databases that flows name.
#[async_trait::async_trait]
pub trait Connect: Send + Sync {
    /// A new session on the database called `name`.
    async fn open(&self, name: &str, purpose: Purpose) -> Result<Box<dyn Session>>;
}

/// What a session is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Read,
    /// To write into a database that must be there.
    Write,
    /// To write; the database is made if it is not there.
    Create,
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
    /// Most rows that are read or written at once. **Units**: rows.
    pub batch_rows: usize,
    /// How often a flow is tried again when somebody else is in the way.
    pub retries: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            full: false,
            dry_run: false,
            allow_deletes: false,
            accept_drift: false,
            shown: 20,
            batch_rows: PAGE_ROWS,
            retries: 4,
        }
    }
}

/// Runs flows on shared sessions.
pub struct Runner<'a> {
    pool: Pool<'a>,
    progress: &'a dyn Progress,
    zone: Zone,
    options: Options,
}

impl<'a> Runner<'a> {
    #[must_use]
    pub fn new(connect: &'a dyn Connect, progress: &'a dyn Progress, zone: Zone, options: Options) -> Self {
        Self { pool: Pool::new(connect), progress, zone, options }
    }

    /// Runs `flows`; reports come in their order. A failing flow does not stop those that need not come after it.
    pub async fn run(self, flows: &[Flow]) -> Vec<FlowReport> {
        let mut accounts = Accounts::default();
        let bound = self.bind_all(flows).await;
        let mut reports = self.run_side_by_side(flows, bound, &mut accounts).await;
        while self.run_refused(flows, &mut reports, &mut accounts).await {}
        accounts.write(&self.pool, &self.zone).await;
        reports
    }

    /// Each flow checked against both schemas. What does not fit is bound again, and told, when its turn comes: a flow
    /// before it may have made its table by then.
    async fn bind_all(&self, flows: &[Flow]) -> Vec<Option<Bound>> {
        let mut bound = Vec::with_capacity(flows.len());
        for (at, flow) in flows.iter().enumerate() {
            // A flow before it may change its target.
            let known = flows.len() > 1 && !flows[..at].iter().any(|other| other.shares_target(flow));
            bound.push(if known { self.bind(flow).await.ok() } else { None });
        }
        // Whoever needs it first shall tell why.
        self.pool.forget_closed();
        bound
    }

    async fn bind(&self, flow: &Flow) -> Result<Bound> {
        let (mut source, mut target) = self.sessions(flow).await?;
        let now = target.clock().await.map_err(Error::database(&flow.target.database))?;
        let bound = bind(flow, source.as_mut(), target.as_mut(), &self.zone, now).await?;
        self.give_back(flow, source, target);
        Ok(bound)
    }

    async fn run_side_by_side(
        &self,
        flows: &[Flow],
        mut bound: Vec<Option<Bound>>,
        accounts: &mut Accounts,
    ) -> Vec<FlowReport> {
        let order = Order::of(flows, &order::references(&bound));
        let mut reports: Vec<Option<FlowReport>> = flows.iter().map(|_| None).collect();
        let mut waiting: Vec<usize> = (0..flows.len()).collect();
        let mut running: Vec<usize> = Vec::new();
        let mut work = FuturesUnordered::new();
        loop {
            while running.len() < SIDE_BY_SIDE
                && let Some(at) = order.next(&waiting, &running)
            {
                waiting.retain(|other| *other != at);
                running.push(at);
                let failed = waits_for(&flows[at], flows, &reports);
                let bound = bound[at].take();
                work.push(async move { (at, self.run_flow(&flows[at], flows, failed, bound).await) });
            }
            let Some((at, report)) = work.next().await else { break };
            running.retain(|other| *other != at);
            accounts.keep(&flows[at], &report, self.options);
            reports[at] = Some(report);
        }
        reports.into_iter().flatten().collect()
    }

    /// Once more those flows of which the target refused rows for which room was made since: a parent that lost its
    /// last child, a child whose parent has arrived, a unique value that another row gave up. Whether that helped any.
    async fn run_refused(&self, flows: &[Flow], reports: &mut [FlowReport], accounts: &mut Accounts) -> bool {
        let mut helped = false;
        for at in 0..flows.len() {
            let one_database = |other: &usize| flows[*other].target.database == flows[at].target.database;
            // It deletes after it has added: what it deleted may have stood in its own way.
            let made_room = |other: usize| match other == at {
                true => reports[at].deleted > 0,
                false => reports[other].wrote(),
            };
            let room = (0..flows.len()).filter(one_database).any(made_room);
            if reports[at].refused == 0 || !room || self.options.dry_run {
                continue;
            }
            let again = self.run_flow(&flows[at], flows, None, None).await;
            accounts.keep(&flows[at], &again, self.options);
            helped |= again.state != State::Failed && again.refused < reports[at].refused;
            reports[at].add(again);
        }
        helped
    }

    async fn run_flow(
        &self,
        flow: &Flow,
        flows: &[Flow],
        failed: Option<String>,
        bound: Option<Bound>,
    ) -> FlowReport {
        self.progress.started(&flow.name);
        let watch = Stopwatch::start();
        let mut report = match failed {
            Some(failed) => FlowReport::failed(&flow.name, Error::Waits(failed)),
            None => self.run_patiently(flow, bound).await,
        };
        if self.options.dry_run && report.failure.as_ref().is_some_and(|error| will_be_made(error, flows)) {
            report = FlowReport::new(&flow.name);
        }
        report.seconds = watch.seconds();
        finish(&mut report);
        self.progress.finished(&report);
        report
    }

    async fn run_patiently(&self, flow: &Flow, mut bound: Option<Bound>) -> FlowReport {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.run_once(flow, bound.take()).await {
                Ok(report) => return report,
                Err(error) if policy(error.kind()) == Policy::Retry && tries <= self.options.retries => {
                    tracing::warn!(flow = flow.name, tries, "busy, trying again");
                    tokio::time::sleep(std::time::Duration::from_millis(200 << tries.min(6))).await;
                }
                Err(error) => return FlowReport::failed(&flow.name, error),
            }
        }
    }

    async fn run_once(&self, flow: &Flow, bound: Option<Bound>) -> Result<FlowReport> {
        let (source, mut target) = self.sessions(flow).await?;
        let shared = |session: &dyn Session| session.capabilities().one_writer;
        let reads = shared(source.as_ref()).then_some(flow.source.database.as_str());
        let writes = shared(target.as_ref()).then_some(flow.target.database.as_str());
        let mut source = Seat(Some(source));
        // Marks seldom change: looking first keeps a file that somebody works with from being locked for nothing.
        let looks = flow.target.rows == Rows::Existing && writes.is_some() && !self.options.dry_run;
        let mut report = None;
        if looks {
            let _turn = self.pool.turn(&[reads, writes], None).await;
            let looking = Options { dry_run: true, ..self.options };
            let seen = self.job(flow, looking).run(&mut source, target.as_mut(), bound.clone()).await?;
            report = Some(seen).filter(|seen| seen.idle);
        }
        let report = match report {
            Some(report) => report,
            None => {
                let _turn = self.pool.turn(&[reads], writes).await;
                self.job(flow, self.options).run(&mut source, target.as_mut(), bound).await?
            }
        };
        if let Some(source) = source.0 {
            self.give_back(flow, source, target);
        }
        Ok(report)
    }

    fn job<'b>(&'b self, flow: &'b Flow, options: Options) -> Job<'b> {
        Job { flow, zone: &self.zone, options, progress: self.progress, watch: Stopwatch::start() }
    }

    async fn sessions(&self, flow: &Flow) -> Result<(Box<dyn Session>, Box<dyn Session>)> {
        let purpose = if flow.target.create { Purpose::Create } else { Purpose::Write };
        let source = self.pool.take(&flow.source.database, Purpose::Read).await?;
        Ok((source, self.pool.take(&flow.target.database, purpose).await?))
    }

    fn give_back(&self, flow: &Flow, source: Box<dyn Session>, target: Box<dyn Session>) {
        self.pool.give_back(&flow.source.database, source);
        self.pool.give_back(&flow.target.database, target);
    }
}

/// The flow that `flow` must come after and that has failed in this run.
fn waits_for(flow: &Flow, flows: &[Flow], reports: &[Option<FlowReport>]) -> Option<String> {
    let failed = |report: &Option<FlowReport>| report.as_ref().is_some_and(|r| r.state == State::Failed);
    flows
        .iter()
        .zip(reports)
        .find(|(other, report)| failed(report) && flow.after.iter().any(|name| other.answers_to(name)))
        .map(|(other, _)| other.name.clone())
}

/// Whether a table that a dry run misses is one that another flow of the run makes.
fn will_be_made(error: &Error, flows: &[Flow]) -> bool {
    let (Error::NoTable { database, table } | Error::NoSourceTable { database, table }) = error else {
        return false;
    };
    flows.iter().any(|flow| flow.makes(database, table))
}

fn finish(report: &mut FlowReport) {
    if report.state != State::Failed && report.parked + report.held > 0 {
        report.state = State::Partial;
    }
}
