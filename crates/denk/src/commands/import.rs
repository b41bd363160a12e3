//! `denk import`: old office files of any historical shape into the hub.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::json;
use store::{Reason, Receipt, Store, TableReceipt};

use crate::{
    Context, Outcome,
    cli::ImportArgs,
    failure::{Failure, Result},
    hub_store::{HubStore, unfit},
    output::Table,
};

/// Why the files come, for the audit.
const REASON: &str = "import";

#[derive(Default)]
struct Sum {
    tables: BTreeMap<String, TableReceipt>,
    reasons: Vec<(PathBuf, Reason)>,
    conflicts: usize,
    held: usize,
}

/// # Errors
/// The store cannot be opened; a file is refused (those before it are in).
pub async fn run(args: &ImportArgs, context: &Context) -> Result<Outcome> {
    let hub = HubStore::open_or_create(context).await?;
    let mut sum = Sum::default();
    for file in &args.files {
        match one(&hub.store, args, &context.environment.folder().join(file)).await {
            Ok(receipt) => sum.add(file, receipt),
            Err(error) => {
                hub.store.close().await;
                return Err(failure(&error, file, &hub));
            }
        }
    }
    hub.store.close().await;
    context.output.answer(&sum.json());
    sum.show(context, args.dry_run);
    let partial = sum.held > 0 || sum.tables.values().any(|table| table.refused > 0);
    Ok(if partial { Outcome::Partial } else { Outcome::Done })
}

async fn one(store: &Store, args: &ImportArgs, file: &Path) -> std::result::Result<Receipt, store::Rejected> {
    let device = store.shared_device(&args.region).await?;
    if args.dry_run { store.plan(&device, file).await } else { store.receive(&device, file, REASON).await }
}

fn failure(error: &store::Rejected, file: &Path, hub: &HubStore) -> Failure {
    if let store::Rejected::Store(error) = error {
        return hub.failure(error);
    }
    unfit(file, error)
}

impl Sum {
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
        json!({ "tables": tables, "reasons": reasons, "conflicts": self.conflicts, "held": self.held })
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
        for (file, row) in &self.reasons {
            context.output.line(&format!("  {}: {} {}: {}", file.display(), row.table, row.key, row.what));
        }
        let end = if dry_run { "import-planned" } else { "import-done" };
        context.output.line(&context.text.get(end));
    }
}
