//! `denk import`: old office files of any historical shape into the hub.

mod odd;
mod regionless;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ::database::Engine;
use serde_json::json;
use store::{Reason, Receipt, Settings, Store, TableReceipt};

use odd::Odd;

use super::{compare, site::refuse_misspelt};
use crate::{
    Context, Outcome,
    cli::ImportArgs,
    failure::{Code, Failure, Result},
    hub_store::{self, HubStore, unfit},
    messages::{Language, Message, message},
    output::Table,
};

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
    /// Dates and times that are none, by file.
    odd: Vec<(PathBuf, Odd)>,
}

/// # Errors
/// A file is not there or no office file, or rows say no region and none was given: then nothing was written. The store
/// cannot be opened; a file is refused (those before it are in).
pub async fn run(args: &ImportArgs, context: &Context) -> Result<Outcome> {
    let mut sum = Sum::default();
    sum.look(args, context)?;
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
    // The limit is for what comes over the network.
    let settings = Settings { upload_bytes_max: u64::MAX, ..hub_store::settings(context)? };
    let absent = settings.address.engine() == Engine::Sqlite && !settings.address.path().exists();
    if args.dry_run && absent {
        let empty = hub_store::in_folder(scratch, &context.config.hub.preset)?;
        return HubStore::open_at(Settings { upload_bytes_max: u64::MAX, ..empty }).await;
    }
    HubStore::open_at(settings).await
}

async fn one(store: &Store, args: &ImportArgs, file: &Path) -> std::result::Result<Receipt, store::Rejected> {
    let device = store.shared_device(args.region.as_deref().unwrap_or(EVERYTHING)).await?;
    if args.dry_run {
        store.plan(&device, file).await
    } else {
        store.receive(&device, file, store::IMPORT).await
    }
}

fn failure(error: &store::Rejected, file: &Path, hub: &HubStore, language: Language) -> Failure {
    match error {
        store::Rejected::Store(store::Error::BadName(name)) => {
            let why = message("site-name").with("name", name.as_str());
            Failure::new(Code::WrongArgument, message("import-region-what"), why, message("site-name-hint"))
        }
        store::Rejected::Store(error) => hub.failure(error),
        _ => unfit(file, error, language),
    }
}

impl Sum {
    /// What the files say by themselves, before anything is taken: rows that would be nobody's, and what is odd.
    fn look(&mut self, args: &ImportArgs, context: &Context) -> Result<()> {
        let rules = compare::rules(context)?;
        for file in &args.files {
            let read = compare::read(context, file, &rules)?;
            self.odd.extend(odd::list(&read, &rules).into_iter().map(|odd| (file.clone(), odd)));
            if args.region.is_none() {
                for (table, rows) in regionless::count(&read, &rules) {
                    *self.regionless.entry(table).or_default() += rows;
                }
            }
        }
        Ok(())
    }

    async fn take(&mut self, hub: &HubStore, args: &ImportArgs, context: &Context) -> Result<()> {
        if let Some(region) = &args.region {
            refuse_misspelt(region, hub, "import-region-what").await?;
        }
        for file in &args.files {
            let taken = one(&hub.store, args, &context.environment.folder().join(file)).await;
            self.add(file, taken.map_err(|error| failure(&error, file, hub, context.text.language()))?);
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
        let odd: Vec<_> = self.odd.iter().map(|(file, odd)| json!({ "file": file.display().to_string(), "table": odd.table, "column": odd.column, "no": odd.word(), "rows": odd.rows, "first": odd.first })).collect();
        json!({ "tables": tables, "reasons": reasons, "odd": odd, "conflicts": self.conflicts, "held": self.held, "regionless": self.regionless })
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
        self.show_odd(context);
        if !self.regionless.is_empty() {
            let rows = message("import-regionless")
                .with("rows", self.regionless_rows())
                .with("tables", self.places());
            context.output.line(&context.text.say(&rows));
            context.output.line(&context.text.get("import-region-hint"));
        }
        let end = match dry_run {
            true if self.regionless.is_empty() => "import-planned",
            true => "import-planned-not",
            false => "import-done",
        };
        context.output.line(&context.text.get(end));
    }

    fn show_odd(&self, context: &Context) {
        for (file, odd) in &self.odd {
            let keys: Vec<&str> = odd.first.iter().map(String::as_str).collect();
            let rows = named(context, &keys, odd.rows);
            let why = message(format!("import-odd-{}", odd.word())).with("column", odd.column.as_str());
            let why = context.text.say(&why);
            context.output.line(&format!("  {}: {} {rows}: {why}", file.display(), odd.table));
        }
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
            let shown = named(context, &keys, keys.len());
            let place = [&row.table, shown.as_str()].join(" ");
            let why = context.text.say(&reason(row));
            context.output.line(&format!("  {}: {}: {why}", file.display(), place.trim()));
        }
    }
}

/// The first rows by their numbers, and how many more there are.
fn named(context: &Context, keys: &[&str], rows: usize) -> String {
    let first = keys.iter().take(KEYS_SHOWN).copied().collect::<Vec<_>>().join(", ");
    match rows.checked_sub(KEYS_SHOWN) {
        None | Some(0) => first,
        Some(more) => [first, context.text.say(&message("import-more").with("rows", more))].join(" "),
    }
}

/// A reason of the store's in words.
fn reason(row: &Reason) -> Message {
    let column = row.what.column().unwrap_or_default();
    message(format!("import-reason-{}", row.reason.replace('_', "-"))).with("column", column)
}
