//! `denk backup`: backups of the hub's store, made while the hub runs, put back while it does not.

mod bell;
mod copier;
mod schedule;

use std::path::Path;

use serde_json::{Value, json};
use store::backups::{Backup, Drilled, Made, Manifest, Reason, Restored};

pub(super) use schedule::watch;

use crate::{
    Context, Outcome,
    backups::{HubBackups, fault_words},
    cli::{BackupCommand, BackupRestoreArgs},
    clock,
    failure::{Code, Failure, Result},
    hub_store::{self, HubStore},
    messages::message,
    output::Table,
};

/// Who does it, for the audit: whoever may use this machine.
const WHO: &str = "denk backup";

/// # Errors
/// What is wrong with the configuration; a backup that cannot be made or is not whole; a store that is in use.
pub async fn run(command: &BackupCommand, context: &Context) -> Result<Outcome> {
    let hub = HubBackups::find(context)?;
    match command {
        BackupCommand::Create => create(&hub, context).await,
        BackupCommand::List => list(&hub, context).await,
        BackupCommand::Restore(args) => match (&args.to, &args.at) {
            (Some(folder), Some(at)) => look_up(&hub, (&args.id, at), folder, context).await,
            (Some(folder), None) => restore_to(&hub, &args.id, folder, context).await,
            (None, _) => restore(&hub, args, context).await,
        },
        BackupCommand::Drill(args) => drill(&hub, args.copy, context).await,
    }
}

async fn create(hub: &HubBackups, context: &Context) -> Result<Outcome> {
    let made = hub.backups.create(Reason::Asked).await.map_err(|error| hub.failure(&error))?;
    let Made { manifest, damaged, copy_failed } = &made;
    let mut answer = told(manifest);
    answer["folder"] = json!(hub.folder);
    let plan = hub.backups.plan();
    let has_copies = plan.copy_to.is_some() || plan.elsewhere.is_some();
    let not_copied = copy_failed.as_ref().map(|error| hub.failure(error));
    answer["copied"] = json!(has_copies && not_copied.is_none());
    answer["copy_error"] = json!(not_copied.as_ref().map(|failure| failure.sentence(&context.text)));
    answer["damaged"] = json!(damaged.iter().map(|backup| backup.id.as_str()).collect::<Vec<_>>());
    context.output.answer(&answer);
    let words = message("backup-made").with("id", manifest.id.as_str()).with("folder", hub.folder.as_path());
    let words = words.with("size", size(manifest.packed.bytes)).with("rows", rows(manifest));
    context.output.line(&context.text.say(&words));
    for backup in damaged {
        let note = message("backup-found-damaged").with("id", backup.id.as_str());
        context.output.note(&context.text, &note.with("folder", backup.folder.as_path()));
    }
    let Some(failure) = not_copied else { return Ok(Outcome::Done) };
    let why = failure.sentence(&context.text);
    context.output.note(&context.text, &message("backup-not-copied").with("why", why));
    Ok(Outcome::Partial)
}

async fn list(hub: &HubBackups, context: &Context) -> Result<Outcome> {
    let mut all = hub.backups.list().await.map_err(|error| hub.failure(&error))?;
    let away = hub.backups.list_away().await.map_err(|error| hub.failure(&error));
    if let Ok(away) = &away {
        all.extend(away.iter().cloned());
    }
    all.sort_by(|a, b| b.id.cmp(&a.id));
    let items: Vec<Value> = all.iter().map(|backup| item(backup, context)).collect();
    let last = hub.backups.last_drill();
    let drill = last.as_ref().map(|drill| {
        json!({ "id": drill.id, "time": context.moment(drill.at_ms), "ok": drill.fault.is_none(), "fault": drill.fault })
    });
    context.output.answer(
        &json!({ "items": items, "drill": drill, "copies": copies(hub, away.as_ref().err(), context) }),
    );
    let headings = ["id", "at", "size", "rev", "reason", "state", "folder"];
    let mut table =
        Table::headed(headings.map(|word| context.text.get(&format!("column-backup-{word}")))).right([2, 3]);
    for backup in &all {
        table.row(cells(backup, context));
    }
    context.output.table(&table);
    if let Some(drill) = &last {
        let words = if drill.fault.is_some() { "backup-last-drill-failed" } else { "backup-last-drill" };
        let words = message(words).with("at", context.moment(drill.at_ms));
        let words = words.with("id", drill.id.as_deref().unwrap_or("-"));
        context.output.line(&context.text.say(&words));
    }
    let Err(failure) = away else { return Ok(Outcome::Done) };
    context
        .output
        .note(&context.text, &message("backup-not-listed").with("why", failure.sentence(&context.text)));
    Ok(Outcome::Partial)
}

/// What is known of the copies on another machine.
fn copies(hub: &HubBackups, failure: Option<&Failure>, context: &Context) -> Value {
    let Some(place) = hub.backups.plan().elsewhere.as_ref().map(|place| place.place()) else {
        return Value::Null;
    };
    let last = hub.backups.last_copied();
    json!({
        "place": place,
        "error": failure.map(|failure| failure.sentence(&context.text)),
        "last": last.map(|last| json!({ "time": context.moment(last.at_ms), "ok": last.fault.is_none() })),
    })
}

fn item(backup: &Backup, context: &Context) -> Value {
    let manifest = backup.manifest.as_ref();
    json!({
        "id": backup.id,
        "time": context.moment(backup.at_ms),
        "bytes": manifest.map(|manifest| manifest.packed.bytes),
        "store_bytes": manifest.map(|manifest| manifest.plain.bytes),
        "rev": manifest.and_then(|manifest| manifest.rev),
        "reason": manifest.map(|manifest| manifest.reason.word()),
        "denk": manifest.map(|manifest| manifest.denk.as_str()),
        "state": backup.state(),
        "fault": backup.fault.as_ref().map(|fault| context.text.say(&fault_words(fault))),
        "folder": backup.folder,
        "elsewhere": backup.is_elsewhere,
        "read": backup.is_read,
        "hub": manifest.and_then(|manifest| manifest.hub.as_deref()),
    })
}

fn cells(backup: &Backup, context: &Context) -> [String; 7] {
    let manifest = backup.manifest.as_ref();
    let rev = manifest.and_then(|manifest| manifest.rev);
    let word = if backup.is_whole() && !backup.is_read { "there" } else { backup.state() };
    let state = context.text.get(&format!("backup-state-{word}"));
    let fault = backup.fault.as_ref().map(|fault| context.text.say(&fault_words(fault)));
    [
        backup.id.clone(),
        context.moment(backup.at_ms),
        manifest.map(|manifest| size(manifest.packed.bytes)).unwrap_or_default(),
        rev.map(|rev| rev.to_string()).unwrap_or_default(),
        manifest
            .map(|manifest| context.text.get(&format!("backup-reason-{}", manifest.reason.word())))
            .unwrap_or_default(),
        fault.map_or_else(|| state.clone(), |fault| format!("{state}: {fault}")),
        backup.folder.display().to_string(),
    ]
}

async fn restore(hub: &HubBackups, args: &BackupRestoreArgs, context: &Context) -> Result<Outcome> {
    let failed = |error| hub.failure(&error).what(message("backup-restore-what"));
    if !args.yes {
        hub.backups.describe(&args.id).await.map_err(failed)?;
        let store = hub_store::settings(context)?.address;
        let why = message("backup-yes").with("store", store.path()).with("id", args.id.as_str());
        let (code, hint) = (Code::ArgumentMissing, message("backup-yes-hint"));
        return Err(Failure::new(code, message("backup-restore-what"), why, hint));
    }
    let Restored { manifest, safety, beside } = hub.backups.restore(&args.id).await.map_err(failed)?;
    let mut answer = told(&manifest);
    answer["safety"] = json!(safety.as_ref().map(|safety| safety.id.as_str()));
    answer["beside"] = json!(beside);
    // Opening it is part of it: a store that cannot be opened is told here, not at the next start of the hub.
    let opened = HubStore::open(context).await?;
    let noted = opened.store.note(WHO, "restore", &manifest.id).await;
    opened.close(noted).await?;
    context.output.answer(&answer);
    let words = message("backup-restored").with("id", manifest.id.as_str());
    context.output.line(&context.text.say(&words.with("at", context.moment(manifest.at_ms))));
    if let Some(safety) = &safety {
        let words = message("backup-restored-safety").with("id", safety.id.as_str());
        context.output.line(&context.text.say(&words));
    }
    context.output.line(&context.text.get("backup-restored-look"));
    Ok(Outcome::Done)
}

async fn restore_to(hub: &HubBackups, id: &str, folder: &Path, context: &Context) -> Result<Outcome> {
    let folder = context.environment.folder().join(folder);
    let failed = |error| hub.failure(&error).what(message("backup-restore-what"));
    let restored = hub.backups.restore_to(id, &folder.join(hub_store::FILE)).await.map_err(failed)?;
    let mut answer = told(&restored.manifest);
    answer["folder"] = json!(folder);
    answer["beside"] = json!(restored.beside);
    context.output.answer(&answer);
    let words = message("backup-restored-to").with("id", id).with("folder", folder.as_path());
    context.output.line(&context.text.say(&words));
    Ok(Outcome::Done)
}

/// Name of the file that tells how the business was at a time.
const PAST: &str = "past.db";

async fn look_up(
    hub: &HubBackups,
    (id, at): (&str, &str),
    folder: &Path,
    context: &Context,
) -> Result<Outcome> {
    let at_ms = clock::moment(at, &context.config.zone_name).ok_or_else(|| {
        let why = message("backup-time").with("time", at);
        Failure::new(Code::WrongArgument, message("backup-restore-what"), why, message("backup-time-hint"))
    })?;
    let file = context.environment.folder().join(folder).join(PAST);
    let failed = |error| hub.failure(&error).what(message("backup-restore-what"));
    let past = hub.backups.look_up(id, at_ms, &file).await.map_err(failed)?;
    let tables: serde_json::Map<_, _> =
        past.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
    context.output.answer(
        &json!({ "id": id, "time": context.moment(at_ms), "rev": past.rev, "file": file, "tables": tables }),
    );
    let words = message("backup-past").with("file", file.as_path()).with("at", context.moment(at_ms));
    context.output.line(&context.text.say(&words.with("rev", past.rev)));
    Ok(Outcome::Done)
}

async fn drill(hub: &HubBackups, of_copy: bool, context: &Context) -> Result<Outcome> {
    let drilled = match (of_copy, &hub.backups.plan().elsewhere) {
        (true, None) => return Err(no_copies()),
        (true, Some(_)) => hub.backups.drill_away().await,
        (false, _) => hub.backups.drill().await,
    };
    let Drilled { id, rev, tables, rows, bytes, living, product } = match drilled {
        Ok(drilled) => drilled,
        Err(error) => {
            warn(&error, context).await;
            return Err(hub.failure(&error).what(message("backup-drill-what")));
        }
    };
    context.output.answer(&json!({
        "id": id, "rev": rev, "tables": tables, "rows": rows, "bytes": bytes, "living": living, "database": product,
        "proven": ["hash", "unpacked", "integrity", "tables", "opened", "rev", "counts"],
    }));
    let words = message("backup-drilled").with("id", id).with("rev", rev).with("tables", tables);
    let words = words.with("rows", rows).with("size", size(bytes)).with("living", living);
    context.output.line(&context.text.say(&words));
    Ok(Outcome::Done)
}

fn no_copies() -> Failure {
    let what = message("backup-drill-what");
    Failure::new(Code::WrongArgument, what, message("copy-nowhere"), message("copy-nowhere-hint"))
}

/// An alert in the store; that it cannot be written must not hide why there is one.
async fn warn(error: &store::backups::Error, context: &Context) {
    let Ok(hub) = HubStore::open(context).await else { return };
    let (kind, what) = store::backups::alarm_of(error, store::backups::DRILL_FAILED);
    if let Err(error) = hub.store.warn(kind, &what).await {
        tracing::error!(error = &error as &dyn std::error::Error, "an alert could not be stored");
    }
    hub.store.close().await;
}

fn told(manifest: &Manifest) -> Value {
    json!({
        "id": manifest.id,
        "at_ms": manifest.at_ms,
        "rev": manifest.rev,
        "bytes": manifest.packed.bytes,
        "store_bytes": manifest.plain.bytes,
        "tables": manifest.tables.as_ref().map(Vec::len),
        "rows": rows(manifest),
    })
}

fn rows(manifest: &Manifest) -> u64 {
    manifest.tables.iter().flatten().map(|table| table.rows).sum()
}

/// For people: `1.2 MB`.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}
