//! `denk run`: runs flows or groups once.

use flow::{Options, Runner};

use super::report;
use crate::{
    Context, Outcome,
    cli::RunArgs,
    failure::Result,
    wiring::{self, Databases},
};

/// # Errors
/// What is wrong with the configuration or the names; a flow that fails is told by the report.
pub async fn run(args: &RunArgs, context: &Context) -> Result<Outcome> {
    let flows = wiring::chosen(wiring::flows(context)?, &args.name, &args.only)?;
    let databases = Databases::of_flows(&flows, context)?;
    let databases = if args.dry_run { databases.only_looking()? } else { databases };
    context.start_log();
    let options = Options {
        full: args.full,
        dry_run: args.dry_run,
        allow_deletes: args.allow_deletes,
        accept_drift: args.accept_drift,
        ..wiring::options(context)
    };
    let bars = report::Bars::new(context);
    let reports = Runner::new(&databases, &bars, context.config.zone.clone(), options).run(&flows).await;
    Ok(report::show(context, &databases, reports))
}
