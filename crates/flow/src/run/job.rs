//! One flow, once: decide what to look at, move the rows, commit with the cursor.

use std::{sync::Arc, time::Duration};

use database::{Begin, Digest, Segment, Session};
use model::{Date, Misfit, Rejected, Zone};

use super::{
    Options, Progress,
    accounts::shortfall,
    finish,
    prepare::{excluded, fingerprint, is_empty, lookups, make_room, parked_rows, reason},
};
use crate::{
    bind::{Bound, bind},
    clock::Stopwatch,
    compare,
    definition::{Flow, Rows},
    drift,
    error::{Error, Result},
    keyless, map,
    report::{Action, FlowReport, Planned, State},
    source::{PAGE_ROWS, Reader, Reading, Span},
    spans,
    state::{Cursor, Store},
    write::{Mode, Writer},
};

/// How long a flow waits for another denk process that runs the same flow.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The source's session, which is lent to the reader while rows are read.
pub(super) struct Seat(pub(super) Option<Box<dyn Session>>);

impl Seat {
    pub(super) fn session(&mut self) -> Result<&mut (dyn Session + 'static)> {
        self.0.as_deref_mut().ok_or(Error::ReaderLost)
    }
}

/// One flow, once.
pub(super) struct Job<'a> {
    pub(super) flow: &'a Flow,
    pub(super) zone: &'a Zone,
    pub(super) options: Options,
    pub(super) progress: &'a dyn Progress,
    pub(super) watch: Stopwatch,
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
    /// `bound`: if the flow was checked against both schemas already.
    pub(super) async fn run(
        &self,
        source: &mut Seat,
        target: &mut dyn Session,
        bound: Option<Bound>,
    ) -> Result<FlowReport> {
        let fail = Error::database(&self.flow.target.database);
        target.rollback().await.map_err(&fail)?;
        let now = target.clock().await.map_err(&fail)?;
        if !self.options.dry_run {
            target.begin(Begin::Own).await.map_err(&fail)?;
            target.lock(&format!("denk flow {}", self.flow.name), LOCK_WAIT).await.map_err(&fail)?;
        }
        let mut bound = match bound {
            Some(bound) => bound,
            None => bind(self.flow, source.session()?, target, self.zone, now).await?,
        };
        bound.batch_rows = self.options.batch_rows.clamp(1, PAGE_ROWS);
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
        report.refused = parked.iter().filter(|row| matches!(row.reason, Misfit::Refused(_))).count() as u64;
        report.reasons = parked.iter().take(self.options.shown).map(reason).collect();
        finish(&mut report);
        if self.options.dry_run {
            report.idle = !report.wrote()
                && report.state == State::Done
                && before.as_ref() == Some(&cursor)
                && self.flow.source.done.is_none();
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
        let unmade = bound.create && self.options.dry_run;
        let empty = unmade || is_empty(bound, target, self.zone).await?;
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
}
