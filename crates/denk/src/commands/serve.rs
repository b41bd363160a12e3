//! `denk serve`: the hub, until it is stopped.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::Arc,
};

use hub::{
    ApiKey, KeptBackups, Language, Letterhead, Limits, Logo, NewUsers, OneTimePassword, Reached, Transport,
};
use serde_json::json;
use store::{Accounts, backups::Guarded};
use tokio::task::JoinHandle;

use crate::{
    Context, Outcome,
    backups::HubBackups,
    cli::ServeArgs,
    clock,
    failure::{Code, Failure, Result},
    hub_store::{self, HubStore},
    messages::{Message, message},
    notify::Teller,
    presets, stop_asked,
};

/// Held by the hub that uses the data folder.
const LOCK: &str = "hub.lock";
/// Where the hub listens that was started with `--listen`, until it is started otherwise.
const LISTEN: &str = "hub.listen";

/// # Errors
/// What is wrong with the configuration, `TemporaryData`, `HubLocked`, `HubCannotServe`, or what the store says.
pub async fn run(args: &ServeArgs, context: &Context) -> Result<Outcome> {
    let store_settings = hub_store::settings(context)?;
    let folder = &store_settings.data_folder;
    store::make_private(folder).map_err(|error| folder_failure(folder, &error))?;
    if !args.allow_temporary {
        refuse_temporary(folder)?;
    }
    let _lock = lock(folder)?;
    context.start_log();
    let hub_store = HubStore::open_or_create(context).await?;
    let backups = super::backup::watch(context, &hub_store.store)?;
    let teller = Teller::find(context)?;
    let accounts = Accounts::open(&store_settings).await.map_err(|error| hub_store.failure(&error))?;
    let settings = hub::Settings {
        listen: args.listen.unwrap_or(context.config.hub.listen),
        api_key: context.config.hub_api_key()?.as_deref().and_then(ApiKey::new),
        backups: kept_backups(context)?,
        configured: super::config_show::configured(context, args.listen),
        watch: watch(context)?,
        ..settings_without_key(context)?
    };
    check_key(context, &settings)?;
    if settings.transport == Transport::BehindProxy && settings.proxies.is_empty() {
        tracing::warn!("behind_proxy without proxies: everybody counts as one address");
        context.output.note(&context.text, &message("serve-no-proxies"));
    }
    let plain = settings.transport == Transport::BehindProxy || settings.listen.ip().is_loopback();
    let serving = hub::serve(settings, hub_store.store.clone(), accounts, stop_asked())
        .await
        .map_err(|error| cannot_serve(&error))?;
    let given = args.listen.map(|_| serving.address);
    keep_listen(folder, given).map_err(|error| folder_failure(folder, &error))?;
    let url = format!("{}://{}", if plain { "http" } else { "https" }, serving.address);
    tracing::info!(url, "the hub listens");
    announce(context, &url, serving.fingerprint.as_deref(), &serving.passwords);
    let telling = teller.map(|teller| tokio::spawn(teller.work(hub_store.store.clone())));
    let ended = serving.ended().await;
    telling.inspect(JoinHandle::abort);
    // One that is being made is swept by the next.
    backups.inspect(JoinHandle::abort);
    hub_store.store.close().await;
    ended.map_err(|error| cannot_serve(&error))?;
    context.output.note(&context.text, &message("serve-stopped"));
    Ok(Outcome::Done)
}

/// How the configuration wants the hub to be, but for the shared key: only the hub itself needs it.
///
/// # Errors
/// `UnknownPreset`, a preset whose accounts cannot be read, `SecretMissing` of the store's address.
fn settings_without_key(context: &Context) -> Result<hub::Settings> {
    let configured = &context.config.hub;
    let seen = |path: &Path| context.config.folder.join(path);
    let transport = match (&configured.certificate, &configured.private_key) {
        _ if configured.behind_proxy => Transport::BehindProxy,
        (Some(certificate), Some(key)) => Transport::Files { certificate: seen(certificate), key: seen(key) },
        _ => Transport::Auto,
    };
    let store = hub_store::settings(context)?;
    Ok(hub::Settings {
        listen: configured.listen,
        transport,
        public_url: configured.public_url.clone(),
        proxies: configured.proxies.clone(),
        data_folder: store.data_folder,
        api_key: None,
        first_users: first_users(&configured.preset)?,
        language: language(context),
        sessions: configured.sessions,
        zone: clock::time_zone(&context.config.zone_name),
        letterhead: letterhead(context)?,
        watch: hub::Watch::default(),
        limits: Limits { upload_bytes_max: store.upload_bytes_max, ..Limits::default() },
        backups: None,
        configured: Vec::new(),
        clock: store.clock,
        random: store.random,
    })
}

/// What heads reports.
///
/// # Errors
/// `WrongValue` of a logo that is no picture, or not there.
fn letterhead(context: &Context) -> Result<Letterhead> {
    let configured = &context.config.hub;
    let Some(file) = &configured.logo else {
        return Ok(Letterhead { company: configured.company.clone(), logo: None });
    };
    let file = context.config.folder.join(file);
    let unfit = |reason: String| {
        let why = message("config-logo-why").with("file", file.as_path()).with("reason", reason);
        Failure::new(Code::WrongValue, message("config-what"), why, message("value-logo"))
    };
    let bytes = fs::read(&file).map_err(|error| unfit(error.to_string()))?;
    let logo = Logo::new(bytes).map_err(|problem| unfit(problem.to_string()))?;
    Ok(Letterhead { company: configured.company.clone(), logo: Some(logo) })
}

/// What administrators see of backups, and can ask for.
fn kept_backups(context: &Context) -> Result<Option<KeptBackups>> {
    match HubBackups::find(context) {
        Err(failure) if failure.code() == Code::BackupElsewhere => Ok(None),
        Err(failure) => Err(failure),
        Ok(found) => {
            let backups = Guarded::new(found.backups);
            Ok(Some(KeptBackups { backups, every: context.config.hub.backup.every }))
        }
    }
}

/// Who may watch the hub, and what it is told of its backups, if there are any.
///
/// # Errors
/// `SecretMissing` of the token.
fn watch(context: &Context) -> Result<hub::Watch> {
    let token = context.config.hub_metrics_token()?.as_deref().and_then(ApiKey::new);
    let backups = HubBackups::find(context).ok().map(|hub| Arc::new(hub.backups));
    let newest_backup = backups.map(|backups| {
        let newest: hub::NewestBackup = Arc::new(move || backups.newest_ms().ok().flatten());
        newest
    });
    Ok(hub::Watch { token, newest_backup })
}

/// The shared key where more than this machine can try it.
///
/// The guides' curl lines show one of 10 characters, so a short one is only warned of; one like a PIN is refused.
fn check_key(context: &Context, settings: &hub::Settings) -> Result<()> {
    let open = !settings.listen.ip().is_loopback() || settings.transport == Transport::BehindProxy;
    let Some(key) = context.config.hub_api_key()?.filter(|key| open && !key.trim().is_empty()) else {
        return Ok(());
    };
    let chars = key.trim().chars().count();
    let why = message("serve-short-key")
        .with("chars", chars.to_string())
        .with("listen", settings.listen.to_string());
    if chars < KEY_CHARS_MIN {
        let hint = message("serve-short-key-hint");
        return Err(Failure::new(Code::HubCannotServe, message("serve-what"), why, hint));
    }
    if chars < KEY_CHARS_GOOD {
        context.output.note(&context.text, &why);
        context.output.note(&context.text, &message("serve-short-key-hint"));
        tracing::warn!(chars, "the shared key is short");
    }
    Ok(())
}

const KEY_CHARS_MIN: usize = 8;
const KEY_CHARS_GOOD: usize = 16;

/// The caller's language, as the hub knows it.
pub(super) fn language(context: &Context) -> Language {
    match context.language.language {
        crate::messages::Language::Turkish => Language::Turkish,
        crate::messages::Language::English => Language::English,
    }
}

pub(super) fn first_users(preset: &str) -> Result<Vec<hub::FirstUser>> {
    let files = presets::files(preset).unwrap_or_default();
    let Some(file) = files.iter().find(|file| file.path == presets::USERS) else { return Ok(Vec::new()) };
    let users: NewUsers =
        file.text.parse().map_err(|error| Failure::defect(format!("{}: {error}", presets::USERS)))?;
    Ok(users.0)
}

/// How the preset says that old files list accounts.
pub(super) fn old_accounts(preset: &str) -> Result<Option<hub::OldAccounts>> {
    let files = presets::files(preset).unwrap_or_default();
    let Some(file) = files.iter().find(|file| file.path == presets::USERS) else { return Ok(None) };
    NewUsers::old_accounts(file.text).map_err(|error| Failure::defect(format!("{}: {error}", presets::USERS)))
}

/// Passwords are shown here only: nobody can tell them again.
fn announce(context: &Context, url: &str, fingerprint: Option<&str>, passwords: &[OneTimePassword]) {
    let people: Vec<_> =
        passwords.iter().map(|one| json!({ "name": one.name, "password": one.password })).collect();
    context.output.answer(&json!({ "url": url, "fingerprint": fingerprint, "passwords": people }));
    context.output.line(&context.text.say(&message("serve-ready").with("url", url)));
    if !passwords.is_empty() {
        context.output.line(&context.text.get("serve-first-users"));
        passwords.iter().for_each(|one| context.output.line(&format!("  {}  {}", one.name, one.password)));
    }
}

/// One hub for each data folder: two would take each other's unfinished uploads for their own.
pub(super) fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(LOCK);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let mut file = opened.map_err(|error| folder_failure(folder, &error))?;
    match file.try_lock() {
        Ok(()) => {
            // For people who wonder; nothing depends on it.
            let _ = write!(file, "{}", std::process::id());
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let why = message("hub-locked-why").with("folder", folder);
            Err(Failure::new(Code::HubLocked, message("serve-what"), why, message("hub-locked-hint")))
        }
        Err(TryLockError::Error(error)) => Err(folder_failure(folder, &error)),
    }
}

/// For `denk site add`, which does not know how the hub was started.
fn keep_listen(folder: &Path, given: Option<SocketAddr>) -> std::io::Result<()> {
    let path = folder.join(LISTEN);
    let Some(listen) = given else {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    fs::write(&path, listen.to_string())
}

fn kept_listen(folder: &Path) -> Option<SocketAddr> {
    fs::read_to_string(folder.join(LISTEN)).ok()?.parse().ok()
}

fn folder_failure(folder: &Path, error: &std::io::Error) -> Failure {
    let why = message("config-read-why").with("file", folder).with("reason", error.to_string());
    Failure::new(Code::CannotWrite, message("serve-what"), why, message("temporary-hint"))
}

/// An acknowledged upload must outlive the machine's next start.
fn refuse_temporary(folder: &Path) -> Result<()> {
    let Some(kind) = temporary(folder) else { return Ok(()) };
    let why = message("temporary-why").with("folder", folder).with("kind", kind);
    Err(Failure::new(Code::TemporaryData, message("temporary-what"), why, message("temporary-hint")))
}

/// What makes the storage of this folder temporary: its file system, or the system's folder for temporary files.
fn temporary(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounted = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let (place, kind) = (words.next()?.replace("\\040", " "), words.next()?);
        folder.starts_with(&place).then(|| (place.len(), kind.to_owned()))
    };
    let kind = mounts.lines().filter_map(mounted).max_by_key(|(length, _)| *length).map(|(_, kind)| kind);
    if let Some(kind) = kind.filter(|kind| ["tmpfs", "ramfs"].contains(&kind.as_str())) {
        return Some(kind);
    }
    let places = [std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()];
    let inside =
        places.into_iter().filter_map(|place| place.canonicalize().ok()).find(|at| folder.starts_with(at));
    inside.map(|place| place.display().to_string())
}

pub(super) fn cannot_serve(error: &hub::Error) -> Failure {
    let why = Message::verbatim(error.to_string());
    Failure::new(Code::HubCannotServe, message("serve-what"), why, message("serve-hint")).caused_by(error)
}

/// Where offices reach the hub that serves, or would serve, and by what they know it.
///
/// # Errors
/// `HubCannotServe`: its certificate cannot be used.
pub(super) fn reached(context: &Context) -> Result<Reached> {
    let settings = settings_without_key(context)?;
    let listen = kept_listen(&settings.data_folder).unwrap_or(settings.listen);
    Reached::find(&hub::Settings { listen, ..settings })
        .map_err(|error| cannot_serve(&hub::Error::from(error)))
}
