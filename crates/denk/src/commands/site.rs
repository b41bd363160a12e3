//! `denk site`: the office PCs that may send and fetch files.

use serde_json::json;
use store::{Alert, Site, Source};

use super::serve;
use crate::{
    Context, Outcome,
    cli::{SiteAddArgs, SiteCommand, SiteNameArgs, SiteRenameArgs},
    clock,
    failure::{Code, Failure, Result},
    hub_store::HubStore,
    messages::message,
    output::Table,
};

/// # Errors
/// The store is not there or fails; the site is not there or is there already.
pub async fn run(command: &SiteCommand, context: &Context) -> Result<Outcome> {
    match command {
        SiteCommand::Add(args) => add(args, context).await,
        SiteCommand::List => list(context).await,
        SiteCommand::Revoke(args) => revoke(args, context).await,
        SiteCommand::Rename(args) => rename(args, context).await,
    }
}

async fn add(args: &SiteAddArgs, context: &Context) -> Result<Outcome> {
    let hub = HubStore::open_or_create(context).await?;
    let failed = |error| hub.failure(&error);
    refuse_misspelt(&args.region, &hub, "site-what").await?;
    // Once the PC is in the store, nothing may keep its token from being shown.
    let reached = serve::reached(context)?;
    let enrolment = hub.store.add_site(&args.name, &args.region).await.map_err(failed)?;
    let line = reached.enrolment_line(&enrolment.token);
    hub.store.close().await;
    context.output.answer(&json!({
        "name": enrolment.site.name,
        "region": enrolment.site.region,
        "enrolment": line,
        "token": enrolment.token,
    }));
    let words = message("site-added")
        .with("name", enrolment.site.name.as_str())
        .with("region", enrolment.site.region.as_str())
        .with("enrolment", line.as_str())
        .with("token", enrolment.token.as_str());
    context.output.line(&context.text.say(&words));
    Ok(Outcome::Done)
}

/// Who is of region `izmir` would see nothing of `Izmir`, and rows of theirs would be refused: such a name is a slip.
pub(super) async fn refuse_misspelt(region: &str, hub: &HubStore, what: &'static str) -> Result<()> {
    match hub.store.region_like(region).await.map_err(|error| hub.failure(&error))? {
        None => Ok(()),
        Some(near) => {
            let why = message("site-region-near").with("region", region).with("near", near);
            Err(Failure::new(Code::WrongArgument, message(what), why, message("site-region-hint")))
        }
    }
}

async fn list(context: &Context) -> Result<Outcome> {
    let hub = HubStore::open(context).await?;
    let alerts = hub.store.alerts().await.map_err(|error| hub.failure(&error))?;
    let sites = hub.store.sites().await;
    let sites = hub.close(sites).await?;
    let told: Vec<_> = sites
        .iter()
        .map(|site| {
            json!({
                "name": site.name,
                "region": site.region,
                "state": site.state(),
                "last_contact": site.last_contact_ms.map(|ms| context.moment(ms)),
                "waiting": site.held,
                "revoked": site.revoked_ms.is_some(),
                "older_batch": older_batch(site, &alerts).map(|ms| context.moment(ms)),
            })
        })
        .collect();
    context.output.answer(&json!({ "sites": told }));
    let headings = ["name", "region", "state", "contact", "waiting"]
        .map(|word| context.text.get(&format!("column-{word}")));
    let mut table = Table::headed(headings).right([4]);
    for site in &sites {
        let contact = site.last_contact_ms.map_or_else(|| "-".to_owned(), |ms| context.moment(ms));
        let state = context.text.get(&format!("site-state-{}", site.state()));
        table.row([called(site, context), site.region.clone(), state, contact, site.held.to_string()]);
    }
    context.output.table(&table);
    for (site, at_ms) in sites.iter().filter_map(|site| Some((site, older_batch(site, &alerts)?))) {
        let words = message("site-older-batch").with("name", called(site, context));
        context.output.line(&context.text.say(&words.with("at", context.moment(at_ms))));
    }
    Ok(Outcome::Done)
}

/// When it last showed that two PCs use the site's token, or that a file was restored; what is long past is not told.
fn older_batch(site: &Site, alerts: &[Alert]) -> Option<i64> {
    let of = alerts.iter().filter(|alert| alert.site == site.id && alert.kind == Alert::OLDER_BATCH);
    of.map(|alert| alert.at_ms).max().filter(|at_ms| clock::unix_ms() - at_ms < WEEK_MS)
}

const WEEK_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What people call a site: behind the shared key, or of imports, nobody gave it a name.
pub(super) fn called(site: &Site, context: &Context) -> String {
    let words = match site.source() {
        Source::Pc => return site.name.clone(),
        Source::SharedKey => message("site-shared-key"),
        Source::Import => message("site-import"),
    };
    let words = match site.region.as_str() {
        "*" => words.with("region", message("site-all-regions")),
        region => words.with("region", region),
    };
    context.text.say(&words)
}

/// As [`called`], by the site's number; headquarters' decisions are of no site.
pub(super) fn called_by_number(number: u32, sites: &[Site], context: &Context) -> String {
    let site = sites.iter().find(|site| site.id == number);
    site.map_or_else(|| context.text.get("conflicts-headquarters"), |site| called(site, context))
}

async fn revoke(args: &SiteNameArgs, context: &Context) -> Result<Outcome> {
    let hub = HubStore::open(context).await?;
    let revoked = hub.store.revoke_site(&args.name).await;
    hub.close(revoked).await?;
    done(context, "site-revoked", &args.name)
}

async fn rename(args: &SiteRenameArgs, context: &Context) -> Result<Outcome> {
    let hub = HubStore::open(context).await?;
    let renamed = hub.store.rename_site(&args.name, &args.to).await;
    hub.close(renamed).await?;
    done(context, "site-renamed", &args.to)
}

fn done(context: &Context, words: &'static str, name: &str) -> Result<Outcome> {
    context.output.answer(&json!({ "name": name }));
    context.output.line(&context.text.say(&message(words).with("name", name)));
    Ok(Outcome::Done)
}
