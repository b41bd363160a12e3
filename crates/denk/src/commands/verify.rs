//! `denk verify`: compares source and target through the mapping, and repairs on request.

use flow::{FlowReport, Options, Runner, State, Verified};
use serde_json::json;

use super::report::{self, Bars};
use crate::{
    Context, Outcome,
    cli::VerifyArgs,
    failure::{Failure, Result},
    messages::message,
    output::Table,
    wiring::{self, Databases},
};

/// # Errors
/// What is wrong with the configuration or the name; a flow that cannot be compared is told by the answer.
pub async fn run(args: &VerifyArgs, context: &Context) -> Result<Outcome> {
    let flows = wiring::chosen(wiring::flows(context)?, std::slice::from_ref(&args.name), &[])?;
    let databases = Databases::of_flows(&flows, context)?;
    let look = Options {
        full: true,
        dry_run: true,
        allow_deletes: true,
        accept_drift: true,
        shown: args.limit,
        ..wiring::options(context)
    };
    let bars = Bars::new(context);
    let runner = |options| Runner::new(&databases, &bars, context.config.zone.clone(), options);
    let mut found = runner(look).run(&flows).await;
    if args.repair && !Verified::all_equal(&found) {
        context.start_log();
        let repair = Options { dry_run: false, allow_deletes: false, accept_drift: false, ..look };
        let repaired = runner(repair).run(&flows).await;
        if flow::overall(&repaired) == State::Failed {
            return Ok(report::show(context, &databases, repaired));
        }
        for report in repaired.iter().filter(|report| report.held > 0) {
            let held = i64::try_from(report.held).unwrap_or(i64::MAX);
            let note = message("run-held").with("flow", report.name.as_str()).with("count", held);
            context.output.note(&context.text, &note);
        }
        found = runner(look).run(&flows).await;
    }
    Ok(show(context, &databases, found))
}

fn show(context: &Context, databases: &Databases, mut found: Vec<FlowReport>) -> Outcome {
    for report in &mut found {
        let failure = report.failure.as_ref().map(|error| Failure::of_flow(error, &report.name, databases));
        if let Some(failure) = failure {
            report.error = Some(failure.sentence(&context.text));
            if !context.output.is_json() {
                context.output.failure(&context.text, &failure);
            }
        }
    }
    let equal = Verified::all_equal(&found);
    let verified: Vec<Verified> = found.iter().map(Verified::from).collect();
    context.output.answer(&json!({ "equal": equal, "flows": verified }));
    context.output.table(&table(context, &verified));
    for flow in &verified {
        for example in &flow.examples {
            let word = format!("verify-{}", format!("{:?}", example.repair).to_lowercase());
            let line = format!(
                "  {}: {} {} {}",
                flow.name,
                context.text.get(&word),
                example.key,
                example.columns.join(", ")
            );
            context.output.line(line.trim_end());
        }
    }
    let differ = verified.iter().any(|flow| flow.missing + flow.extra + flow.different > 0);
    let end = match (equal, differ) {
        (true, _) => "verify-equal",
        (false, true) => "verify-different",
        (false, false) => "verify-parked",
    };
    context.output.line(&context.text.get(end));
    match (equal, flow::overall(&found)) {
        (_, State::Failed) => Outcome::Failed,
        (true, _) => Outcome::Done,
        (false, _) => Outcome::Partial,
    }
}

fn table(context: &Context, flows: &[Verified]) -> Table {
    let headings = ["flow", "compared", "missing", "extra", "different", "parked"]
        .map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right(1..6);
    for flow in flows {
        let numbers = [flow.compared, flow.missing, flow.extra, flow.different, flow.parked]
            .map(|count| context.text.number(count));
        table.row([flow.name.clone()].into_iter().chain(numbers));
    }
    table
}
