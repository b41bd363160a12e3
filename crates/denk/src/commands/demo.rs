//! `denk demo`: a marketplace file and a web database with made-up rows, carried, changed, and carried again.

use std::path::{Path, PathBuf};

use ::database::Address;
use flow::{Flow, FlowReport, Options, Runner, Verified};
use serde_json::json;

use super::report::Bars;
use crate::{
    Context, Outcome,
    cli::DemoArgs,
    failure::{Code, Failure, Place, Result},
    messages::{Message, message},
    output::Table,
    presets, wiring,
    wiring::Databases,
};

const FOLDER: &str = "denk-demo";
/// Says that the files beside it are the demo's own and may be replaced.
const MARK: &str = "denk-demo.txt";

/// What each step did, for the answer.
struct Step {
    title: &'static str,
    reports: Vec<FlowReport>,
}

/// # Errors
/// `CannotWrite` when the folder cannot be made; what a database says.
pub async fn run(_args: &DemoArgs, context: &Context) -> Result<Outcome> {
    let folder = context
        .environment
        .folder()
        .join(context.global.data.clone().unwrap_or_else(|| PathBuf::from(FOLDER)));
    let entegra = fresh(&folder)?;
    let say = |words: Message| context.output.line(&context.text.say(&words));
    say(message("demo-begin").with("folder", folder.as_path()));
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
    Ok(finish(context, &folder, &steps, &compared))
}

/// An empty place for the demo: only its own two files of an earlier time are replaced.
fn fresh(folder: &Path) -> Result<PathBuf> {
    let failed = |error: std::io::Error| {
        let why = message("config-read-why").with("file", folder).with("reason", error.to_string());
        Failure::new(Code::CannotWrite, message("demo-what"), why, message("demo-hint"))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mark = folder.join(MARK);
    let strange = |name: &str| folder.join(name).exists() && !mark.exists();
    if let Some(name) = ["entegra.s3db", "web.db"].iter().find(|name| strange(name)) {
        let why = message("demo-strange").with("file", folder.join(name).as_path());
        return Err(Failure::new(Code::CannotWrite, message("demo-what"), why, message("demo-hint")));
    }
    std::fs::write(&mark, "denk demo\n").map_err(failed)?;
    for name in ["entegra.s3db", "entegra.s3db-journal", "web.db", "web.db-journal"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(folder.join("entegra.s3db"))
}

async fn script(file: &Path, part: &str) -> Result<()> {
    let path = format!("entegra/{part}");
    let file_of = |found: Vec<presets::File>| found.into_iter().find(|file| file.path == path);
    let Some(sql) = presets::files("mikro").and_then(file_of) else { return Err(Failure::defect(path)) };
    let address = Address::sqlite(file);
    ::database::run_script(&address, sql.text)
        .await
        .map_err(|error| Failure::of_database(&error, &Place::at(&address)))
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

fn finish(context: &Context, folder: &Path, steps: &[Step], compared: &[FlowReport]) -> Outcome {
    let differences: u64 =
        compared.iter().map(|report| report.inserted + report.updated + report.deleted).sum();
    let parked: u64 = compared.iter().map(|report| report.parked).sum();
    let verified: Vec<Verified> = compared.iter().map(Verified::from).collect();
    let list: Vec<_> =
        steps.iter().map(|step| json!({ "step": step.title, "flows": step.reports })).collect();
    context.output.answer(&json!({ "folder": folder.display().to_string(), "steps": list, "differences": differences, "verified": verified }));
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let end = message("demo-end")
        .with("differences", count(differences))
        .with("parked", count(parked))
        .with("folder", folder);
    context.output.line(&context.text.say(&end));
    let failed =
        steps.iter().flat_map(|step| &step.reports).chain(compared).any(|report| report.failure.is_some());
    if failed || differences > 0 { Outcome::Failed } else { Outcome::Done }
}
