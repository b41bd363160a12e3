//! What a run did, as a table for people and as JSON for scripts.

use flow::{FlowReport, Progress, State};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    Context, Outcome,
    failure::{Failure, reason},
    messages::message,
    output::Table,
    wiring::Databases,
};

/// Shows flows as they run, on standard error.
pub struct Bars {
    bars: Mutex<BTreeMap<String, ProgressBar>>,
    group: MultiProgress,
}

impl Bars {
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self { bars: Mutex::default(), group: context.output.progress() }
    }

    fn bars(&self) -> MutexGuard<'_, BTreeMap<String, ProgressBar>> {
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars {
    fn started(&self, flow: &str) {
        tracing::info!(target: "flow", flow, "started");
        let bar = self.group.add(counter(flow));
        self.bars().insert(flow.to_owned(), bar);
    }

    fn rows(&self, flow: &str, read: u64) {
        if let Some(bar) = self.bars().get(flow) {
            bar.set_position(read);
        }
    }

    fn finished(&self, report: &FlowReport) {
        if let Some(bar) = self.bars().remove(&report.name) {
            bar.finish_and_clear();
        }
        let FlowReport { name, read, inserted, updated, unchanged, deleted, parked, held, seconds, .. } =
            report;
        if let Some(error) = &report.failure {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(target: "flow", flow = name, kind = error.kind().code(), %error, cause, "failed");
        }
        tracing::info!(
            target: "flow",
            flow = name,
            read,
            inserted,
            updated,
            unchanged,
            deleted,
            parked,
            held,
            seconds,
            "finished"
        );
    }
}

/// Counts rows and turns; nobody knows beforehand how many there will be.
fn counter(flow: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {spinner} {human_pos} {per_sec}")
        .expect("a built-in template is valid");
    ProgressBar::no_length().with_style(style).with_prefix(flow.to_owned())
}

/// Shows the reports and tells how the command ends.
pub fn show(context: &Context, databases: &Databases, mut reports: Vec<FlowReport>) -> Outcome {
    for report in &mut reports {
        for row in &mut report.reasons {
            row.reason = context.text.say(&reason(&row.misfit));
        }
        let Some(error) = &report.failure else { continue };
        let failure = Failure::of_flow(error, &report.name, databases);
        report.error = Some(failure.sentence(&context.text));
    }
    let state = flow::overall(&reports);
    let mut answer = json!({ "state": state, "flows": reports });
    if let Some(cause) = cause(&reports, databases) {
        answer["error"] = cause.json(&context.text)["error"].clone();
    }
    context.output.answer(&answer);
    context.output.table(&table(context, &reports));
    details(context, databases, &reports);
    match state {
        State::Done => Outcome::Done,
        State::Partial => Outcome::Partial,
        State::Failed => Outcome::Failed,
    }
}

/// Why the run failed: the first failure that does not only point at another flow's.
fn cause(reports: &[FlowReport], databases: &Databases) -> Option<Failure> {
    let failed = || reports.iter().filter_map(|report| Some((report.failure.as_ref()?, &report.name)));
    let (error, flow) =
        failed().find(|(error, _)| !matches!(error, flow::Error::Unopened(_))).or_else(|| failed().next())?;
    Some(Failure::of_flow(error, flow, databases))
}

fn table(context: &Context, reports: &[FlowReport]) -> Table {
    let words =
        ["flow", "state", "read", "inserted", "updated", "unchanged", "deleted", "parked", "held", "seconds"];
    let headings = words.map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right(2..10);
    for report in reports {
        let number = |count: u64| context.text.number(count);
        let mut row = vec![report.name.clone(), context.text.get(state_key(report.state))];
        row.extend(
            [
                report.read,
                report.inserted,
                report.updated,
                report.unchanged,
                report.deleted,
                report.parked,
                report.held,
            ]
            .map(number),
        );
        row.push(format!("{:.2}", report.seconds));
        table.row(row);
    }
    table
}

const fn state_key(state: State) -> &'static str {
    match state {
        State::Done => "state-done",
        State::Partial => "state-partial",
        State::Failed => "state-failed",
    }
}

/// What a table has no room for: the plan, parked rows, held deletions, new columns, failures.
fn details(context: &Context, databases: &Databases, reports: &[FlowReport]) {
    let say = |words| context.output.line(&context.text.say(&words));
    for report in reports {
        let flow = || report.name.as_str();
        for step in &report.plan {
            let action = context.text.get(&format!("action-{}", format!("{:?}", step.action).to_lowercase()));
            context.output.line(
                format!("  {flow}: {action} {} {}", step.key, step.columns.join(", "), flow = flow())
                    .trim_end(),
            );
        }
        if !report.added_columns.is_empty() {
            say(message("run-added-columns")
                .with("flow", flow())
                .with("columns", report.added_columns.join(", ")));
        }
        if report.parked > 0 {
            say(message("run-parked")
                .with("flow", flow())
                .with("count", i64::try_from(report.parked).unwrap_or(i64::MAX)));
        }
        for row in &report.reasons {
            context.output.line(&format!("  {} {}: {}", row.key, row.column, row.reason));
        }
        if report.held > 0 {
            say(message("run-held")
                .with("flow", flow())
                .with("count", i64::try_from(report.held).unwrap_or(i64::MAX)));
        }
        if let Some(error) = &report.failure {
            let failure = Failure::of_flow(error, flow(), databases);
            if !context.output.is_json() {
                context.output.failure(&context.text, &failure);
            }
        }
    }
}
