//! Runs flows: one flow is one transaction of the target.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use database::{Begin, ColumnRead, ColumnRef, Digest, Read, Relation, Segment, Session, Write};
use model::{
    Batch, Cell, Coercion, DataType, Date, Key, Misfit, Policy, Rejected, Table, TableRef, Value, Zone,
    policy,
};

use crate::{
    bind::{Bound, bind},
    clock::Stopwatch,
    compare,
    definition::{Done, Flow, Rows},
    drift,
    error::{Error, Result},
    keyless,
    map::{self, Found},
    report::{Action, FlowReport, Planned, Reason, State},
    source::{Reader, Reading, Span},
    spans,
    state::{Cursor, ParkedRow, Store},
    write::{Mode, Writer},
};

/// How often a flow is tried when somebody else is in the way.
const TRIES: u32 = 5;
/// How long a flow waits for another denk process that runs the same flow.
const LOCK_WAIT: Duration = Duration::from_secs(30);

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

/// The source's session, which is lent to the reader while rows are read.
struct Seat(Option<Box<dyn Session>>);

impl Seat {
    fn session(&mut self) -> Result<&mut (dyn Session + 'static)> {
        self.0.as_deref_mut().ok_or(Error::ReaderLost)
    }
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
                    tokio::time::sleep(Duration::from_millis(200 << tries)).await;
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

/// One flow, once.
struct Job<'a> {
    flow: &'a Flow,
    zone: &'a Zone,
    options: Options,
    progress: &'a dyn Progress,
    watch: Stopwatch,
}

/// What has to be read, decided from the cursor.
struct Extent {
    spans: Vec<Span>,
    /// Rows outside the spans, known to be equal.
    known: u64,
    digest: Option<Digest>,
    /// The target has no row: pages go in as they come.
    empty: bool,
}

impl Job<'_> {
    async fn run(&self, source: &mut Seat, target: &mut dyn Session) -> Result<FlowReport> {
        let fail = Error::database(&self.flow.target.database);
        target.rollback().await.map_err(&fail)?;
        let now = target.clock().await.map_err(&fail)?;
        if !self.options.dry_run {
            target.begin(Begin::Own).await.map_err(&fail)?;
            target.lock(&format!("denk flow {}", self.flow.name), LOCK_WAIT).await.map_err(&fail)?;
        }
        let mut bound = bind(self.flow, source.session()?, target, self.zone, now).await?;
        map::run_cases(&bound, self.zone)?;
        let store = Store { database: &self.flow.target.database, zone: self.zone, now };
        let before = if self.flow.stateless { None } else { store.load(target, &self.flow.name).await? };
        if let (Some(before), false) = (&before, self.options.accept_drift) {
            drift::check(&before.shape, &bound)?;
        }
        if !self.options.dry_run {
            make_room(&mut bound, target).await?;
        } else if !bound.add.is_empty() && target.capabilities().transactional_ddl {
            // Added for the comparison, and undone when the next flow begins or the session ends.
            target.begin(Begin::Own).await.map_err(&fail)?;
            make_room(&mut bound, target).await?;
        }
        let reading = self.reading(&bound, source.session()?, target).await?;
        let mut cursor =
            Cursor { fingerprint: fingerprint(&reading), shape: bound.shape.clone(), ..Cursor::default() };
        let today = self.zone.local(now).map(|local| local.split().0);
        let extent = self.extent(&bound, &cursor, before.as_ref(), today, source.session()?, target).await?;
        let digest = extent.digest.clone();
        cursor.full_on =
            if extent.known == 0 { today } else { before.as_ref().and_then(|before| before.full_on) };

        let mode = if self.options.dry_run { Mode::Plan } else { Mode::Write };
        let mut writer = Writer::new(&bound, self.zone, mode, self.options.shown);
        self.announce(&bound, &mut writer);
        let looked = !extent.spans.is_empty();
        self.move_rows(&bound, &reading, extent, source, target, &mut writer).await?;
        cursor.segments = self.settled(&bound, digest, looked, source.session()?).await?;
        let (mut report, parked, arrived) = (writer.report, writer.parked, writer.arrived);
        report.parked = parked.len() as u64;
        report.reasons = parked.iter().take(self.options.shown).map(reason).collect();
        finish(&mut report);
        if self.options.dry_run {
            target.rollback().await.map_err(&fail)?;
            return Ok(report);
        }
        report.seconds = self.watch.seconds();
        self.commit(target, &store, &mut cursor, before, &parked, &report).await?;
        if let Some(done) = &self.flow.source.done {
            let told = arrived.into_iter().filter(|key| !parked.iter().any(|row| &row.key == key)).collect();
            self.mark_done(done, source.session()?, told).await?;
        }
        Ok(report)
    }

    fn announce(&self, bound: &Bound, writer: &mut Writer<'_>) {
        writer.report.created = bound.create;
        writer.report.added_columns = bound.add.iter().map(|column| column.name.clone()).collect();
        if bound.create && self.options.dry_run {
            let columns = bound
                .target
                .columns
                .iter()
                .map(|column| format!("{} {}", column.name, column.native))
                .collect();
            writer.report.plan.push(Planned {
                action: Action::Create,
                key: bound.target.name.to_string(),
                columns,
            });
        }
    }

    async fn reading(
        &self,
        bound: &Bound,
        source: &mut dyn Session,
        target: &mut dyn Session,
    ) -> Result<Arc<Reading>> {
        Ok(Arc::new(Reading {
            bound: bound.clone(),
            found: lookups(bound, target, self.zone).await?,
            excluded: excluded(bound, source, self.zone).await?,
            zone: self.zone.clone(),
        }))
    }

    /// Fingerprints to remember: those that were the same before and after the rows were read. A row that changed in
    /// between, even one that changed back, is looked at again next time.
    async fn settled(
        &self,
        bound: &Bound,
        before: Option<Digest>,
        looked: bool,
        source: &mut dyn Session,
    ) -> Result<Vec<Segment>> {
        let Some(Digest { mut segments, .. }) = before else { return Ok(Vec::new()) };
        if looked && !self.options.dry_run {
            let after = self.digest(bound, source).await?.map(|digest| digest.segments).unwrap_or_default();
            segments.retain(|segment| {
                let at = after.partition_point(|other| other.first < segment.first);
                after.get(at) == Some(segment)
            });
        }
        Ok(segments)
    }

    /// Which rows have to be looked at. Fingerprints are taken **before** the rows are read: a row that changes in
    /// between is then looked at again next time, never forgotten.
    async fn extent(
        &self,
        bound: &Bound,
        cursor: &Cursor,
        before: Option<&Cursor>,
        today: Option<Date>,
        source: &mut dyn Session,
        target: &mut dyn Session,
    ) -> Result<Extent> {
        let digest = if self.flow.stateless { None } else { self.digest(bound, source).await? };
        let empty = bound.create || is_empty(bound, target, self.zone).await?;
        let everything = |digest, empty| Extent { spans: vec![Span::default()], known: 0, digest, empty };
        let (Some(now), Some(before)) = (&digest, before) else {
            return Ok(everything(digest, empty));
        };
        let stale = before.fingerprint != cursor.fingerprint || before.full_on != today;
        // What is remembered says nothing about a table or column that somebody emptied, dropped or that was just made.
        if self.options.full || stale || empty || !bound.add.is_empty() {
            return Ok(everything(digest, empty));
        }
        let suspects: Option<Vec<i64>> = before.parked.iter().map(|key| key.parse().ok()).collect();
        let doubt = match suspects {
            Some(suspects) => spans::doubtful(&before.segments, &now.segments, &suspects),
            None => return Ok(everything(digest, false)),
        };
        if bound.is_keyless() && !doubt.spans.is_empty() {
            return Ok(everything(digest, false));
        }
        Ok(Extent { spans: doubt.spans, known: doubt.known, digest, empty: false })
    }

    /// The source's fingerprints, where they are cut by the very key that rows are told apart by.
    async fn digest(&self, bound: &Bound, source: &mut dyn Session) -> Result<Option<Digest>> {
        let Some(table) =
            bound.source.as_ref().filter(|_| source.capabilities().digests && bound.filter.is_empty())
        else {
            return Ok(None);
        };
        let digest = source.digest(&table.name).await.map_err(Error::database(&self.flow.source.database))?;
        let key: Vec<&str> = bound.source_key.iter().map(|at| bound.reads[*at].column.name()).collect();
        Ok(digest.filter(|digest| digest.column.as_deref() == key.first().copied() && key.len() <= 1))
    }

    async fn move_rows(
        &self,
        bound: &Bound,
        reading: &Arc<Reading>,
        extent: Extent,
        source: &mut Seat,
        target: &mut dyn Session,
        writer: &mut Writer<'_>,
    ) -> Result<()> {
        writer.report.read = extent.known;
        writer.report.unchanged = extent.known;
        for span in &extent.spans {
            let session = source.0.take().ok_or(Error::ReaderLost)?;
            let mut reader = Reader::start(Arc::clone(reading), session, span.clone());
            let moved = if bound.is_keyless() && !extent.empty {
                keyless::compare(bound, &mut reader, target, writer, self.options.allow_deletes).await
            } else if extent.empty {
                self.load(&mut reader, target, writer).await
            } else {
                compare::compare(bound, &mut reader, target, span, writer).await
            };
            source.0 = Some(reader.finish().await?);
            moved?;
            self.progress.rows(&self.flow.name, writer.report.read);
        }
        writer.flush(target).await?;
        if !bound.is_keyless() {
            let allowed = self.options.allow_deletes || self.flow.stateless;
            let remaining = writer.report.read;
            writer.delete_gone(target, remaining, allowed).await?;
        }
        Ok(())
    }

    async fn load(
        &self,
        reader: &mut Reader,
        target: &mut dyn Session,
        writer: &mut Writer<'_>,
    ) -> Result<()> {
        while let Some(stretch) = reader.next().await? {
            writer.see(&stretch.batch);
            writer.reject(stretch.rejected);
            if self.flow.target.rows == Rows::All {
                writer.load(target, &stretch.batch).await?;
            }
            self.progress.rows(&self.flow.name, writer.report.read);
        }
        Ok(())
    }

    async fn commit(
        &self,
        target: &mut dyn Session,
        store: &Store<'_>,
        cursor: &mut Cursor,
        before: Option<Cursor>,
        parked: &[Rejected],
        report: &FlowReport,
    ) -> Result<()> {
        if !self.flow.stateless {
            let rows = parked_rows(parked);
            let known = before.as_ref().map(|before| before.parked.as_slice()).unwrap_or_default();
            store.park(target, &self.flow.name, &rows, known).await?;
            cursor.parked = rows.into_iter().map(|row| row.key).collect();
            // Rows that a held delete left behind must be compared again.
            if report.held > 0 {
                cursor.segments.clear();
                cursor.fingerprint.clear();
            }
            let known = before.map(|mut before| {
                before.parked.clone_from(&cursor.parked);
                before
            });
            if known.as_ref() != Some(&*cursor) {
                store.save(target, &self.flow.name, cursor).await?;
            }
            if report.wrote() {
                let account = (report, self.flow.target.table.as_str(), shortfall(report));
                store.account_or_warn(target, &self.flow.direction, &[account]).await?;
            }
        }
        target.commit().await.map_err(Error::database(&self.flow.target.database))
    }

    /// Tells the source that these rows have arrived. It happens after the commit; rows that a crash kept from being told
    /// are read again next time, found equal, and told then.
    async fn mark_done(&self, done: &Done, source: &mut dyn Session, arrived: Vec<Key>) -> Result<()> {
        if arrived.is_empty() {
            return Ok(());
        }
        let fail = Error::database(&self.flow.source.database);
        let table = source.table(&TableRef::new(&done.table)).await.map_err(&fail)?;
        let names: Vec<&String> = [&done.key].into_iter().chain(done.set.keys()).collect();
        let missing = |name: &&&String| table.column(name).is_none();
        if let Some(name) = names.iter().find(missing) {
            return Err(Error::NoColumn {
                table: done.table.clone(),
                column: (*name).clone(),
                nearest: None,
            });
        }
        let types: Vec<_> = names
            .iter()
            .filter_map(|name| table.column(name))
            .map(|column| column.data_type.clone())
            .collect();
        let rules = Coercion { zone: self.zone, null_texts: &[] };
        let fit = |(at, value): (usize, Value)| {
            let told =
                |misfit: Misfit| Error::BadConstant { column: names[at].clone(), reason: misfit.to_string() };
            model::coerce(value, &types[at], rules).map_err(told)
        };
        let mut batch = Batch::new(&types);
        for key in arrived {
            let row = key.0.into_iter().take(1).chain(done.set.values().map(crate::bind::value_of));
            let row: Vec<Value> = row.enumerate().map(fit).collect::<Result<_>>()?;
            batch.push_row(row.iter().map(Cell::from));
        }
        let columns: Vec<ColumnRef> = names.into_iter().map(ColumnRef::named).collect();
        let write = Write { table: &table, columns: &columns, key: &[0], insert_only: &[] };
        source.begin(Begin::Own).await.map_err(&fail)?;
        // A row that its program has removed meanwhile must not come back.
        let there = self.keys_of(&table, &columns[0], &types[0], source).await?;
        let mut known = Batch::new(&types);
        (0..batch.rows())
            .filter(|at| there.contains(&batch.columns[0].value(*at)))
            .for_each(|at| known.push_from(&batch, at));
        source.upsert(&write, &known).await.map_err(&fail)?;
        source.commit().await.map_err(&fail)
    }

    async fn keys_of(
        &self,
        table: &Table,
        key: &ColumnRef,
        wanted: &DataType,
        source: &mut dyn Session,
    ) -> Result<HashSet<Value>> {
        let from = Relation::Table(table.name.clone());
        let reads = [ColumnRead::new(key.clone(), wanted.clone())];
        let read = Read {
            from: &from,
            columns: &reads,
            key: &[],
            filter: &[],
            after: None,
            up_to: None,
            rows: None,
            bytes: None,
            zone: self.zone,
        };
        let page = source.read(&read).await.map_err(Error::database(&self.flow.source.database))?;
        Ok((0..page.batch.rows()).map(|at| page.batch.columns[0].value(at)).collect())
    }
}

/// Makes the table or columns that the target lacks; afterwards the bound flow knows the real table.
async fn make_room(bound: &mut Bound, target: &mut dyn Session) -> Result<()> {
    let fail = Error::database(&bound.flow.target.database);
    if bound.create {
        target.create_table(&bound.target).await.map_err(&fail)?;
    } else if !bound.add.is_empty() {
        target.add_columns(&bound.target.name, &bound.add).await.map_err(&fail)?;
    } else {
        return Ok(());
    }
    bound.target = target.table(&bound.target.name).await.map_err(&fail)?;
    Ok(())
}

async fn is_empty(bound: &Bound, target: &mut dyn Session, zone: &Zone) -> Result<bool> {
    let from = Relation::Table(bound.target.name.clone());
    let Some(column) = bound.columns.first() else { return Ok(true) };
    let reads = [ColumnRead::new(column.clone(), bound.target_column(column).data_type.clone())];
    let read = Read {
        from: &from,
        columns: &reads,
        key: &[],
        filter: &[],
        after: None,
        up_to: None,
        rows: Some(1),
        bytes: None,
        zone,
    };
    let page = target.read(&read).await.map_err(Error::database(&bound.flow.target.database))?;
    Ok(page.batch.is_empty() && page.rejected.is_empty())
}

/// Values that the source's rows are left out for.
async fn excluded(bound: &Bound, source: &mut dyn Session, zone: &Zone) -> Result<HashSet<Value>> {
    let (Some(without), Some(at)) = (&bound.flow.source.without, bound.without) else {
        return Ok(HashSet::new());
    };
    let reads = [ColumnRead::new(ColumnRef::named(&without.named), bound.reads[at].wanted.clone())];
    let from = Relation::Query(without.query.clone());
    let read = Read {
        from: &from,
        columns: &reads,
        key: &[],
        filter: &[],
        after: None,
        up_to: None,
        rows: None,
        bytes: None,
        zone,
    };
    let page = source.read(&read).await.map_err(Error::database(&bound.flow.source.database))?;
    Ok((0..page.batch.rows()).map(|row| page.batch.columns[0].value(row)).collect())
}

/// What the target's tables say to each lookup of the flow.
async fn lookups(bound: &Bound, target: &mut dyn Session, zone: &Zone) -> Result<Found> {
    let mut found = Found::new();
    for fill in &bound.fills {
        let map::Fill::Made(made) = fill else { continue };
        let Some((lookup, by)) = &made.lookup else { continue };
        let table = TableRef::new(&lookup.table);
        let fail = Error::database(&bound.flow.target.database);
        let shape = match target.table(&table).await {
            Ok(shape) => shape,
            Err(error) if error.kind == model::ErrorKind::Missing => continue,
            Err(error) => return Err(fail(error)),
        };
        let value_type = shape.column(&lookup.value).map_or(DataType::Any, |column| column.data_type.clone());
        let reads = [
            ColumnRead::new(ColumnRef::named(&lookup.key), bound.reads[*by].wanted.clone()),
            ColumnRead::new(ColumnRef::named(&lookup.value), value_type),
        ];
        let from = Relation::Table(table);
        let read = Read {
            from: &from,
            columns: &reads,
            key: &[],
            filter: &[],
            after: None,
            up_to: None,
            rows: None,
            bytes: None,
            zone,
        };
        let page = target.read(&read).await.map_err(fail)?;
        let pairs = (0..page.batch.rows())
            .map(|row| (page.batch.columns[0].value(row), page.batch.columns[1].value(row)));
        found.insert(made.name.clone(), pairs.collect());
    }
    Ok(found)
}

/// Of everything besides the source's rows that decides what the target must hold.
fn fingerprint(reading: &Reading) -> String {
    let bound = &reading.bound;
    let mut excluded: Vec<String> = reading.excluded.iter().map(ToString::to_string).collect();
    excluded.sort_unstable();
    let flow = &bound.flow;
    let mapping = format!("{:?}{:?}{:?}{:?}", flow.source, flow.target, flow.columns, flow.column);
    let shapes = format!("{:?}{:?}", bound.reads, bound.target.columns);
    blake3::hash(format!("1{mapping}{shapes}{excluded:?}").as_bytes()).to_hex().to_string()
}

/// One line for each key, however many rows share it.
fn parked_rows(parked: &[Rejected]) -> Vec<ParkedRow> {
    let mut seen = HashSet::new();
    let line = |row: &Rejected| ParkedRow {
        key: short_key(&row.key),
        column: row.column.clone(),
        reason: row.reason.to_string(),
    };
    parked.iter().map(line).filter(|row| seen.insert(row.key.clone())).collect()
}

/// A key as text of at most 250 characters; what is cut is told apart by a digest.
fn short_key(key: &Key) -> String {
    let text = key.to_string();
    match text.char_indices().nth(200) {
        None => text,
        Some((at, _)) => format!("{}… #{}", &text[..at], &blake3::hash(text.as_bytes()).to_hex()[..16]),
    }
}

fn reason(row: &Rejected) -> Reason {
    Reason {
        key: row.key.to_string(),
        column: row.column.clone(),
        reason: row.reason.to_string(),
        misfit: row.reason.clone(),
    }
}
