//! `denk held`: files of offices that delete or change too much at once, or have too many rows of another region, and what
//! a person decides about them.

use serde_json::{Value, json};
use store::{Decision, HeldBatch, Site};

use super::site::called_by_number;
use crate::{
    Context, Outcome,
    cli::{HeldCommand, HeldIdArgs},
    failure::{Code, Failure, Result},
    hub_store::HubStore,
    messages::{Message, message},
    output::Table,
};

/// Who decides, for the audit: whoever may use this machine.
const WHO: &str = "denk held";

/// # Errors
/// The store is not there or fails; nothing of this number is held.
pub async fn run(command: &HeldCommand, context: &Context) -> Result<Outcome> {
    match command {
        HeldCommand::List => list(context).await,
        HeldCommand::Approve(args) => decide(args, Decision::LetThrough, "held-approved", context).await,
        HeldCommand::Reject(args) => decide(args, Decision::SendBack, "held-rejected", context).await,
    }
}

async fn list(context: &Context) -> Result<Outcome> {
    let hub = HubStore::open(context).await?;
    let batches = hub.store.held().await.map_err(|error| hub.failure(&error))?;
    let sites = hub.store.sites().await;
    let sites = hub.close(sites).await?;
    let items: Vec<_> = batches.iter().flat_map(|batch| items(context, batch, &sites)).collect();
    context.output.answer(&json!({ "items": items }));
    let headings = ["number", "site", "table", "cause", "deletes", "updates", "coming", "foreign", "at"]
        .map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right([0, 4, 5, 6, 7]);
    let lines = batches.iter().flat_map(|batch| batch.tables.iter().map(|_| batch.site));
    for (item, site) in items.iter().zip(lines) {
        let cell = |name: &str| match (name, &item[name]) {
            ("site", _) => called_by_number(site, &sites, context),
            ("cause", Value::String(cause)) => context.text.get(&format!("held-cause-{cause}")),
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        table.row(["id", "site", "table", "cause", "deletes", "updates", "more", "refused", "at"].map(cell));
    }
    context.output.table(&table);
    Ok(Outcome::Done)
}

/// One line for each table for whose sake the batch waits.
fn items(context: &Context, batch: &HeldBatch, sites: &[Site]) -> Vec<Value> {
    let site = sites.iter().find(|site| site.id == batch.site).map_or("", |site| site.name.as_str());
    let line = |table: &store::HeldTable| {
        json!({
            "id": batch.id,
            "site": site,
            "table": table.table,
            "cause": if table.refused > 0 { "region" } else { "changes" },
            "deletes": table.deletes,
            "updates": table.updates,
            "more": table.more,
            "refused": table.refused,
            "at": context.moment(batch.at_ms),
        })
    };
    batch.tables.iter().map(line).collect()
}

async fn decide(
    args: &HeldIdArgs,
    decision: Decision,
    words: &'static str,
    context: &Context,
) -> Result<Outcome> {
    let hub = HubStore::open(context).await?;
    let decided = hub.store.decide(args.id, decision, WHO).await;
    hub.store.close().await;
    let receipt = decided.map_err(|error| match error {
        store::Rejected::Store(store::Error::NoHeld(id)) => {
            let why = message("held-unknown").with("id", id);
            Failure::new(Code::UnknownHeld, message("held-what"), why, message("held-unknown-hint"))
        }
        store::Rejected::Store(store::Error::Superseded(id)) => {
            let why = message("held-superseded").with("id", id);
            Failure::new(Code::UnknownHeld, message("held-what"), why, message("held-unknown-hint"))
        }
        store::Rejected::Store(error) => hub.failure(&error),
        other => {
            let why = Message::verbatim(other.to_string());
            Failure::new(Code::OfficeFile, message("held-what"), why, message("held-refused-hint"))
        }
    })?;
    context.output.answer(&json!({ "id": args.id, "tables": receipt.tables }));
    context.output.line(&context.text.say(&message(words).with("id", args.id)));
    Ok(Outcome::Done)
}
