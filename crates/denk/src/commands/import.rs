//! `denk import`: old office files of any historical shape into the hub.

mod regionless;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ::database::Engine;
use serde_json::json;
use store::{Reason, Receipt, Store, TableReceipt};

use super::{compare, site::refuse_misspelt};
use crate::{
    Context, Outcome,
    cli::ImportArgs,
    failure::{Code, Failure, Result},
    hub_store::{self, HubStore, unfit},
    messages::{Message, message},
    output::Table,
};

/// Why the files come, for the audit.
const REASON: &str = "import";
const EVERYTHING: &str = "*";
/// Rows of one kind that are named for people; the rest is counted.
const KEYS_SHOWN: usize = 5;

#[derive(Default)]
struct Sum {
    tables: BTreeMap<String, TableReceipt>,
    reasons: Vec<(PathBuf, Reason)>,
    conflicts: usize,
    held: usize,
    /// Rows by table that say no region, when none was given either.
    regionless: BTreeMap<String, usize>,
}

/// # Errors
/// A file is not there or no office file, or rows say no region and none was given: then nothing was written. The store
/// cannot be opened; a file is refused (those before it are in).
pub async fn run(args: &ImportArgs, context: &Context) -> Result<Outcome> {
    let mut sum = Sum { regionless: regionless(args, context)?, ..Sum::default() };
    if !args.dry_run && args.region.is_none() && !sum.regionless.is_empty() {
        return Err(sum.needs_region());
    }
    // An empty store stands in for one that is not there yet.
    let scratch = tempfile::tempdir().map_err(|error| Failure::defect(error.to_string()))?;
    let hub = open(args, context, scratch.path()).await?;
    let done = sum.take(&hub, args, context).await;
    hub.store.close().await;
    done?;
    context.output.answer(&sum.json());
    sum.show(context, args.dry_run);
    let partial = sum.held > 0 || sum.tables.values().any(|table| table.refused > 0);
    Ok(if partial { Outcome::Partial } else { Outcome::Done })
}

async fn open(args: &ImportArgs, context: &Context, scratch: &Path) -> Result<HubStore> {
    let settings = hub_store::settings(context)?;
    let absent = settings.address.engine() == Engine::Sqlite && !settings.address.path().exists();
    if args.dry_run && absent {
        return HubStore::open_at(hub_store::in_folder(scratch, &context.config.hub.preset)?).await;
    }
    HubStore::open_at(settings).await
}

/// Rows of all files that would be nobody's.
fn regionless(args: &ImportArgs, context: &Context) -> Result<BTreeMap<String, usize>> {
    let rules = compare::rules(context)?;
    let mut sum = BTreeMap::new();
    for file in &args.files {
        let read = compare::read(context, file, &rules)?;
        if args.region.is_none() {
            let counts = regionless::count(&read, &rules);
            counts.into_iter().for_each(|(table, rows)| *sum.entry(table).or_default() += rows);
        }
    }
    Ok(sum)
}

async fn one(store: &Store, args: &ImportArgs, file: &Path) -> std::result::Result<Receipt, store::Rejected> {
    let device = store.shared_device(args.region.as_deref().unwrap_or(EVERYTHING)).await?;
    if args.dry_run { store.plan(&device, file).await } else { store.receive(&device, file, REASON).await }
}

fn failure(error: &store::Rejected, file: &Path, hub: &HubStore) -> Failure {
    match error {
        store::Rejected::Store(store::Error::BadName(name)) => {
            let why = message("site-name").with("name", name.as_str());
            Failure::new(Code::WrongArgument, message("import-region-what"), why, message("site-name-hint"))
        }
        store::Rejected::Store(error) => hub.failure(error),
        _ => unfit(file, error),
    }
}

impl Sum {
    async fn take(&mut self, hub: &HubStore, args: &ImportArgs, context: &Context) -> Result<()> {
        if let Some(region) = &args.region {
            refuse_misspelt(region, hub, "import-region-what").await?;
        }
        for file in &args.files {
            let taken = one(&hub.store, args, &context.environment.folder().join(file)).await;
            self.add(file, taken.map_err(|error| failure(&error, file, hub))?);
        }
        Ok(())
    }

    fn needs_region(&self) -> Failure {
        let why =
            message("import-regionless").with("rows", self.regionless_rows()).with("tables", self.places());
        Failure::new(Code::WrongArgument, message("import-region-what"), why, message("import-region-hint"))
    }

    fn regionless_rows(&self) -> usize {
        self.regionless.values().sum()
    }

    fn places(&self) -> String {
        let places = self.regionless.iter().map(|(table, rows)| format!("{table} {rows}"));
        places.collect::<Vec<_>>().join(", ")
    }

    fn add(&mut self, file: &Path, receipt: Receipt) {
        for (name, table) in receipt.tables {
            let sum = self.tables.entry(name).or_default();
            sum.read += table.read;
            sum.inserted += table.inserted;
            sum.updated += table.updated;
            sum.unchanged += table.unchanged;
            sum.repaired += table.repaired;
            sum.refused += table.refused;
        }
        self.reasons.extend(receipt.reasons.into_iter().map(|reason| (file.to_owned(), reason)));
        self.conflicts += receipt.conflicts;
        self.held += receipt.held;
    }

    fn json(&self) -> serde_json::Value {
        let tables: BTreeMap<_, _> = self
            .tables
            .iter()
            .map(|(name, table)| {
                let counts = json!({
                    "read": table.read,
                    "new": table.inserted,
                    "matched": table.unchanged,
                    "changed": table.updated,
                    "repaired": table.repaired,
                    "refused": table.refused,
                });
                (name, counts)
            })
            .collect();
        let reasons: Vec<_> = self
            .reasons
            .iter()
            .map(|(file, row)| json!({ "file": file.display().to_string(), "table": row.table, "key": row.key, "reason": row.reason, "what": row.what }))
            .collect();
        json!({ "tables": tables, "reasons": reasons, "conflicts": self.conflicts, "held": self.held, "regionless": self.regionless })
    }

    fn show(&self, context: &Context, dry_run: bool) {
        let headings = ["table", "read", "new", "matched", "changed", "repaired", "refused"]
            .map(|word| context.text.get(&format!("column-{word}")));
        let mut table = Table::headed(headings).right(1..7);
        for (name, one) in &self.tables {
            let counts = [one.read, one.inserted, one.unchanged, one.updated, one.repaired, one.refused];
            table.row([name.clone()].into_iter().chain(counts.map(|count| count.to_string())));
        }
        context.output.table(&table);
        self.show_reasons(context);
        if !self.regionless.is_empty() {
            let rows = message("import-regionless")
                .with("rows", self.regionless_rows())
                .with("tables", self.places());
            context.output.line(&context.text.say(&rows));
            context.output.line(&context.text.get("import-region-hint"));
        }
        let end = if dry_run { "import-planned" } else { "import-done" };
        context.output.line(&context.text.get(end));
    }
    /// Rows with the same reason in one line.
    fn show_reasons(&self, context: &Context) {
        let mut kinds: Vec<(&Path, &Reason, Vec<&str>)> = Vec::new();
        for (file, row) in &self.reasons {
            let alike = |kind: &&mut (&Path, &Reason, Vec<&str>)| {
                kind.0 == file
                    && (&kind.1.table, &kind.1.reason, &kind.1.what) == (&row.table, &row.reason, &row.what)
            };
            match kinds.iter_mut().find(alike) {
                Some((.., keys)) => keys.push(&row.key),
                None => kinds.push((file, row, vec![&row.key])),
            }
        }
        for (file, row, mut keys) in kinds {
            keys.retain(|key| !key.is_empty());
            let mut shown = keys.iter().take(KEYS_SHOWN).copied().collect::<Vec<_>>().join(", ");
            if keys.len() > KEYS_SHOWN {
                let more = message("import-more").with("rows", keys.len() - KEYS_SHOWN);
                shown = format!("{shown} {}", context.text.say(&more));
            }
            let place = [&row.table, shown.as_str()].join(" ");
            let why = context.text.say(&reason(row));
            context.output.line(&format!("  {}: {}: {why}", file.display(), place.trim()));
        }
    }
}

/// A reason of the store's in words; the column that it names stands between backticks, or alone.
fn reason(row: &Reason) -> Message {
    let column = row.what.split('`').nth(1).unwrap_or(&row.what);
    message(format!("import-reason-{}", row.reason.replace('_', "-"))).with("column", column)
}
