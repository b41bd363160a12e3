//! `denk compare`: rows that differ between two office files, by what the rows are.

use std::path::Path;

use ::database::untrusted::{self, Limits, Upload};
use replica::{
    compare::{Comparison, Found, compare},
    office_file::{self, OfficeFile},
};
use serde_json::json;

use crate::{
    Context, Outcome,
    cli::CompareArgs,
    clock,
    failure::{Code, Failure, Result},
    hub_store::{self, unfit},
    messages::message,
    output::Table,
};

/// Differences of a table that people are shown; scripts get all.
const SHOWN_MAX: usize = 20;

/// # Errors
/// A file that is no office file.
pub fn run(args: &CompareArgs, context: &Context) -> Result<Outcome> {
    let rules = rules(context)?;
    let first = read(context, &args.first, &rules)?;
    let second = read(context, &args.second, &rules)?;
    let compared = compare(&first, &second, &rules);
    let equal = compared.iter().all(|table| table.differences.is_empty());
    context.output.answer(&json!({ "equal": equal, "flows": compared.iter().map(told).collect::<Vec<_>>() }));
    show(context, &compared, equal);
    Ok(if equal { Outcome::Done } else { Outcome::Partial })
}

/// What the configured preset says of offices' tables.
pub(super) fn rules(context: &Context) -> Result<merge::Rules> {
    let text = hub_store::preset(&context.config.hub.preset)?.rules;
    merge::read(text).map_err(|error| Failure::defect(error.to_string()))
}

/// An office's file, of any size, checked as input that anybody may have made.
pub(super) fn read(context: &Context, file: &Path, rules: &merge::Rules) -> Result<OfficeFile> {
    let read = office_file::read(inspect(context, file)?, rules);
    read.map_err(|error| unfit(file, &error.into(), context.text.language()))
}

/// A file of whatever shape, checked as input that anybody may have made.
pub(super) fn inspect(context: &Context, file: &Path) -> Result<Upload> {
    let path = context.environment.folder().join(file);
    if !path.is_file() {
        let why = message("office-file-missing").with("file", file);
        let what = message("office-file-what").with("file", file);
        return Err(Failure::new(Code::OfficeFile, what, why, message("office-file-missing-hint")));
    }
    let start = clock::monotonic();
    let limits = Limits { bytes: u64::MAX, ..Limits::default() };
    let upload = untrusted::inspect(&path, &limits, move || clock::monotonic() - start);
    let refused = |error| unfit(file, &office_file::Refused::from(error).into(), context.text.language());
    upload.map_err(refused)
}

fn told(table: &Comparison) -> serde_json::Value {
    let examples: Vec<_> = table
        .differences
        .iter()
        .map(|row| json!({ "key": row.key, "columns": row.columns, "found": found(row.found) }))
        .collect();
    json!({
        "name": table.table,
        "compared": table.compared,
        "missing": table.missing,
        "extra": table.extra,
        "different": table.different,
        "examples": examples,
    })
}

/// Where the row is: `first`, `second`, or `both` with differing columns.
const fn found(found: Found) -> &'static str {
    match found {
        Found::Missing => "first",
        Found::Extra => "second",
        Found::Different => "both",
    }
}

fn show(context: &Context, compared: &[Comparison], equal: bool) {
    let headings = ["table", "compared", "missing", "extra", "different"]
        .map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right(1..5);
    for one in compared {
        let counts = [one.compared, one.missing, one.extra, one.different];
        table.row([one.table.clone()].into_iter().chain(counts.map(|count| count.to_string())));
    }
    context.output.table(&table);
    for one in compared {
        for row in one.differences.iter().take(SHOWN_MAX) {
            let place = context.text.get(&format!("compare-{}", found(row.found)));
            let columns = row.columns.join(", ");
            context.output.line(format!("  {}: {} ({place}) {columns}", one.table, row.key).trim_end());
        }
        let more = one.differences.len().saturating_sub(SHOWN_MAX);
        if more > 0 {
            let words = message("compare-more").with("table", one.table.as_str()).with("rows", more);
            context.output.line(&format!("  {}", context.text.say(&words)));
        }
    }
    context.output.line(&context.text.get(if equal { "compare-equal" } else { "compare-differs" }));
}
