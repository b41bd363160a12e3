//! The demo's first part: a marketplace file and a web database with made-up rows, carried, changed, and carried again.

use std::path::{Path, PathBuf};

use ::database::Address;
use flow::{Flow, FlowReport, Options, Runner, Verified};
use serde_json::json;

use crate::{
    Context, Outcome,
    commands::report::Bars,
    failure::Result,
    messages::{Message, message},
    output::Table,
    presets, wiring,
    wiring::Databases,
};

/// What each step did, for the answer.
pub(super) struct Story {
    steps: Vec<Step>,
    compared: Vec<FlowReport>,
}

struct Step {
    title: &'static str,
    reports: Vec<FlowReport>,
}

/// Carries, changes, carries again and compares, and tells it. It begins anew each time.
///
/// # Errors
/// `CannotWrite`; what a database says.
pub(super) async fn tell(folder: &Path, context: &Context) -> Result<Story> {
    let entegra = fresh(folder)?;
    let say = |words: Message| context.output.line(&context.text.say(&words));
    let shown = context.environment.shown(folder);
    say(message("demo-begin").with("folder", shown));
    for part in ["schema.sqlite.sql", "demo.sql"] {
        script(&entegra, part).await?;
    }
    let flows = wiring::chosen(preset_flows()?, &["entegra".to_owned()], &[])?;
    let mut databases = Databases::default();
    databases.add("entegra", Address::sqlite(&entegra));
    databases.add("web", Address::sqlite(folder.join("web.db")));

    let mut steps = vec![step("demo-first", &flows, &databases, context, Options::default()).await];
    steps.push(step("demo-again", &flows, &databases, context, Options::default()).await);
    script(&entegra, "demo-day.sql").await?;
    say(message("demo-day"));
    steps.push(step("demo-changes", &flows, &databases, context, Options::default()).await);
    let compare = Options { full: true, dry_run: true, allow_deletes: true, ..Options::default() };
    let compared =
        Runner::new(&databases, &Bars::new(context), context.config.zone.clone(), compare).run(&flows).await;
    let story = Story { steps, compared };
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let end = message("demo-end")
        .with("differences", count(story.differences()))
        .with("parked", count(story.compared.iter().map(|report| report.parked).sum()))
        .with("folder", shown);
    say(end);
    Ok(story)
}

impl Story {
    pub fn outcome(&self) -> Outcome {
        let mut reports = self.steps.iter().flat_map(|step| &step.reports).chain(&self.compared);
        let failed = reports.any(|report| report.failure.is_some());
        if failed || self.differences() > 0 { Outcome::Failed } else { Outcome::Done }
    }

    pub fn json(&self) -> serde_json::Value {
        let verified: Vec<Verified> = self.compared.iter().map(Verified::from).collect();
        let steps: Vec<_> =
            self.steps.iter().map(|step| json!({ "step": step.title, "flows": step.reports })).collect();
        json!({ "steps": steps, "differences": self.differences(), "verified": verified })
    }

    fn differences(&self) -> u64 {
        self.compared.iter().map(|report| report.inserted + report.updated + report.deleted).sum()
    }
}

/// Room for the two files: those of an earlier time go.
fn fresh(folder: &Path) -> Result<PathBuf> {
    for name in ["entegra.s3db", "entegra.s3db-journal", "web.db", "web.db-journal"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(super::unwritable(&folder.join(name), &error));
            }
            _ => {}
        }
    }
    Ok(folder.join("entegra.s3db"))
}

async fn script(file: &Path, part: &str) -> Result<()> {
    super::script(file, "mikro", &format!("entegra/{part}")).await
}

fn preset_flows() -> Result<Vec<Flow>> {
    let files = presets::flows("mikro").unwrap_or_default();
    files.iter().map(|file| wiring::read(file.path, file.text)).collect()
}

async fn step(
    title: &'static str,
    flows: &[Flow],
    databases: &Databases,
    context: &Context,
    options: Options,
) -> Step {
    let bars = Bars::new(context);
    let reports = Runner::new(databases, &bars, context.config.zone.clone(), options).run(flows).await;
    context.output.line(&context.text.get(title));
    context.output.table(&table(context, &reports));
    for report in &reports {
        for row in &report.reasons {
            let reason = context.text.say(&crate::failure::reason(&row.misfit));
            context.output.line(&format!("  {}: {} {}: {reason}", report.name, row.key, row.column));
        }
    }
    Step { title, reports }
}

/// Only the flows in which something happened.
fn table(context: &Context, reports: &[FlowReport]) -> Table {
    let headings = ["flow", "inserted", "updated", "unchanged", "deleted", "parked"]
        .map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right(1..6);
    for report in reports.iter().filter(|report| report.wrote() || report.parked > 0) {
        let counts = [report.inserted, report.updated, report.unchanged, report.deleted, report.parked];
        table.row([report.name.clone()].into_iter().chain(counts.map(|count| context.text.number(count))));
    }
    if table.is_empty() {
        table.row([context.text.get("demo-nothing")]);
    }
    table
}
