//! `denk held`: files of offices that delete or change too much at once, or have too many rows of another region, and what
//! a person decides about them.

use serde_json::{Value, json};
use store::{Decision, HeldBatch, Site};

use super::site::called_by_number;
use crate::{
    Context, Outcome,
    cli::{HeldCommand, HeldIdArgs},
    clock,
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
    let comes_along = |item: &&Value| ["none", "along"].iter().any(|cause| item["cause"] == *cause);
    let (with, held): (Vec<&Value>, Vec<&Value>) = items.iter().partition(comes_along);
    context.output.answer(&json!({ "items": held, "with": with }));
    let headings =
        ["number", "site", "table", "cause", "deletes", "updates", "new", "coming", "foreign", "at"]
            .map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right([0, 4, 5, 6, 7, 8]);
    for item in &items {
        let site = batches.iter().find(|batch| item["id"] == batch.id).map_or(0, |batch| batch.site);
        let cell = |name: &str| match (name, &item[name]) {
            ("site", _) => called_by_number(site, &sites, context),
            ("cause", Value::String(cause)) => context.text.get(&format!("held-cause-{cause}")),
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        let cells =
            ["id", "site", "table", "cause", "deletes", "updates", "inserts", "more", "refused", "at"];
        table.row(cells.map(cell));
    }
    context.output.table(&table);
    for note in batches.iter().flat_map(|batch| notes(context, batch, &sites)) {
        context.output.line(&context.text.say(&note));
    }
    Ok(Outcome::Done)
}

/// One line for each table that the batch changes: first those for whose sake it waits.
fn items(context: &Context, batch: &HeldBatch, sites: &[Site]) -> Vec<Value> {
    let site = site(batch, sites);
    let line = |table: &store::HeldTable, (cause, deletes): (&str, u64)| {
        let rest = cause != "along";
        json!({
            "id": batch.id,
            "site": site.map_or("", |site| site.name.as_str()),
            "table": table.table,
            "cause": cause,
            "deletes": deletes,
            "updates": if rest { table.updates } else { 0 },
            "inserts": if rest { table.inserts } else { 0 },
            "more": table.more,
            "refused": table.refused,
            "renumbered": table.may_be_renumbered(),
            "last_contact": site.and_then(|site| site.last_contact_ms).map(|ms| context.moment(ms)),
            "revoked": site.is_some_and(|site| site.revoked_ms.is_some()),
            "at": context.moment(batch.at_ms),
        })
    };
    let lines = batch.tables.iter().flat_map(|table| {
        let cause = match table {
            table if table.passes => "none",
            table if table.refused > 0 => "region",
            _ => "changes",
        };
        let along = (table.follow > 0).then(|| line(table, ("along", table.follow)));
        let passes = table.deletes + table.updates + table.inserts > 0;
        let own = (passes || !table.passes).then(|| line(table, (cause, table.deletes)));
        along.into_iter().chain(own)
    });
    lines.collect()
}

fn site<'s>(batch: &HeldBatch, sites: &'s [Site]) -> Option<&'s Site> {
    sites.iter().find(|site| site.id == batch.site)
}

/// What whoever decides should know besides.
fn notes(context: &Context, batch: &HeldBatch, sites: &[Site]) -> Vec<Message> {
    let renumbered = batch.tables.iter().filter(|table| !table.passes && table.may_be_renumbered());
    let renumbered = renumbered.map(|table| message("held-renumbered").with("table", table.table.as_str()));
    let contact = site(batch, sites).and_then(|site| {
        let (words, at_ms) = match (site.revoked_ms, site.last_contact_ms) {
            (Some(revoked_ms), _) => ("held-revoked", revoked_ms),
            (None, Some(contact_ms)) if clock::unix_ms() - contact_ms > SILENT_MS => {
                ("held-silent", contact_ms)
            }
            _ => return None,
        };
        let site = called_by_number(batch.site, sites, context);
        Some(message(words).with("site", site).with("at", context.moment(at_ms)))
    });
    renumbered.chain(contact).map(|note| note.with("id", batch.id)).collect()
}

/// Of whom nothing was heard for so long, nobody may be waiting for the decision. **Units**: milliseconds.
const SILENT_MS: i64 = 24 * 60 * 60 * 1000;

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
