//! `denk agent`: an office PC's side, once or until it is stopped.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use agent::{
    Agent, Cause, CycleError, Enrolment, Exchange, Language, LeaveError, Link, LinkError, Page, Report,
    Settings, Tools,
    office::{self, Lack, Office, Stranger},
};
use model::ErrorKind;
use serde_json::json;

use crate::{
    Context, Outcome,
    cli::AgentArgs,
    clock,
    failure::{Code, Failure, Result},
    hub_store,
    messages::message,
    stop_asked,
};

/// What the agent keeps: in the data folder, unless `-c` names it.
const SETTINGS: &str = "agent.toml";
/// The link to the page of the agent that is running, beside its settings.
const LINK: &str = "agent.page";

/// # Errors
/// The agent does not know its file or hub, or what stopped the exchange.
pub async fn run(args: &AgentArgs, context: &Context) -> Result<Outcome> {
    let path = settings_path(context);
    if args.page {
        return show_page(&path, context);
    }
    let (settings, given) = settings(args, &path)?;
    let tools = tools(context)?;
    if args.remove || args.once || args.db.is_some() {
        check_file(&settings, &tools).await?;
    }
    if args.remove {
        return remove(args.force, &settings, &tools, context).await;
    }
    if args.go_without {
        return go_without(&settings, &tools, context).await;
    }
    if args.once {
        let named = args.db.is_some() || args.hub.is_some();
        if !settings.active && !named {
            return Ok(switched_off(context));
        }
        return once(&settings, &tools, context).await;
    }
    stay((settings, given), &path, tools, context).await
}

pub(super) fn settings_path(context: &Context) -> PathBuf {
    match &context.global.config {
        Some(path) => context.environment.folder().join(path),
        None => context.data_folder().join(SETTINGS),
    }
}

/// What was kept, with what is given now; and whether anything is.
fn settings(args: &AgentArgs, path: &Path) -> Result<(Settings, bool)> {
    let kept = Settings::load(path).map_err(|error| settings_failure(&error))?;
    let given = args.db.is_some() || args.hub.is_some() || args.token.is_some() || args.listen.is_some();
    let known = kept.as_ref().map(|kept| &kept.hub);
    // The whole line may stand where the token belongs.
    let line = args.token.as_deref().filter(|token| token.contains("://"));
    let address = args.hub.as_deref().or(known.map(|known| known.url.as_str())).or(line);
    let hub = address.map(|address| wrong_hub(Enrolment::given(address, args.token.as_deref(), known)));
    let hub = hub.transpose()?;
    let db = args.db.clone().or_else(|| kept.as_ref().map(|kept| kept.db.clone()));
    let (Some(hub), Some(db)) = (hub, db) else {
        let why = message("agent-not-set-why").with("file", path);
        return Err(Failure::new(
            Code::AgentNotSet,
            message("agent-what"),
            why,
            message("agent-not-set-hint"),
        ));
    };
    let db = std::path::absolute(&db).unwrap_or(db);
    let active = kept.as_ref().is_none_or(|kept| kept.active);
    let listen = args.listen.or(kept.map(|kept| kept.listen)).unwrap_or(agent::LISTEN);
    if !listen.ip().is_loopback() {
        let why = message("agent-listen-why").with("listen", listen.to_string());
        let hint = message("agent-page-hint");
        return Err(Failure::new(Code::WrongArgument, message("agent-page-what"), why, hint));
    }
    Ok((Settings { db, hub, active, listen }, given))
}

/// What can be seen at once to be another file is left as it is, without anything beside it. An agent that is to stay waits
/// for its file to be well again instead.
///
/// Nothing else of this process may have the file open: closing it gives up all of a process's locks.
async fn check_file(settings: &Settings, tools: &Tools) -> Result<()> {
    let refused = |error: office::Error| Err(file_failure(&error, settings));
    let Ok(found) = fs::metadata(&settings.db) else { return Ok(()) };
    if !found.is_file() || found.len() == 0 {
        return refused(office::Error::NotAnOfficeFile(settings.db.clone(), Stranger::Empty));
    }
    let mut begins = [0; SQLITE.len()];
    let read = fs::File::open(&settings.db).and_then(|mut file| file.read(&mut begins));
    match read {
        Ok(_) if begins != *SQLITE => {
            return refused(
                database::Error::new(ErrorKind::Corrupt, "it begins as no SQLite file does").into(),
            );
        }
        _ => {}
    }
    match Office::check(&settings.db, &tools.rules).await {
        Err(error @ office::Error::NotAnOfficeFile(..)) => refused(error),
        _ => Ok(()),
    }
}

/// How every SQLite file begins.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

fn wrong_hub(read: std::result::Result<Enrolment, agent::NoEnrolment>) -> Result<Enrolment> {
    read.map_err(|error| {
        let why = message(no_enrolment(error));
        Failure::new(Code::WrongArgument, message("agent-what"), why, message("agent-not-set-hint"))
    })
}

const fn no_enrolment(error: agent::NoEnrolment) -> &'static str {
    use agent::NoEnrolment;
    match error {
        NoEnrolment::Address => "agent-hub-address",
        NoEnrolment::Credentials => "agent-hub-credentials",
        NoEnrolment::Plain => "agent-hub-plain",
        NoEnrolment::Token => "agent-hub-token",
        NoEnrolment::OtherHub => "agent-hub-other",
        NoEnrolment::Fingerprint => "agent-hub-fingerprint",
    }
}

fn tools(context: &Context) -> Result<Tools> {
    let preset = hub_store::preset(&context.config.hub.preset)?;
    let rules = merge::read(preset.rules).map_err(|error| Failure::defect(error.to_string()))?;
    Ok(Tools {
        rules: Arc::new(rules),
        random: Arc::new(|bytes: &mut [u8]| getrandom::fill(bytes).expect("the system has randomness")),
        clock: Arc::new(clock::unix_ms),
    })
}

/// Senkron Aktif is off: nothing is sent or fetched.
fn switched_off(context: &Context) -> Outcome {
    context.output.answer(&json!({ "state": "off" }));
    context.output.line(&context.text.say(&message("agent-off")));
    Outcome::Done
}

async fn once(settings: &Settings, tools: &Tools, context: &Context) -> Result<Outcome> {
    let begun_ms = clock::unix_ms();
    let link = Link::new(&settings.hub).map_err(|error| link_failure(&error, settings))?;
    let exchanged = async { Exchange::new(link).cycle(&office::Lock::take(&settings.db)?, tools).await };
    let report = exchanged.await.map_err(|error| failure(&error, settings))?;
    let partial = is_partial(&report);
    told(&report, settings, seconds_since(begun_ms), context);
    Ok(if partial { Outcome::Partial } else { Outcome::Done })
}

#[expect(clippy::cast_precision_loss, reason = "nobody waits that long")]
fn seconds_since(begun_ms: i64) -> f64 {
    clock::unix_ms().saturating_sub(begun_ms) as f64 / 1000.0
}

/// Whether somebody has to see to something.
const fn is_partial(report: &Report) -> bool {
    report.held > 0 || report.refused > 0 || report.late > 0
}

fn told(report: &Report, settings: &Settings, seconds: f64, context: &Context) {
    let state = if is_partial(report) { "partial" } else { "done" };
    context.output.answer(&json!({
        "state": state,
        "met": report.met,
        "pushed": report.pushed,
        "pulled": report.pulled,
        "conflicts": report.conflicts,
        "held": report.held,
        "refused": report.refused,
        "aside": report.aside,
        "late": report.late,
        "unknown": report.unknown,
        "waiting": report.waiting,
        "hub": settings.hub.url.as_str(),
        "clock_ahead_ms": report.clock_ahead_ms,
        "seconds": seconds,
    }));
    if report.met > 0 {
        context.output.line(&context.text.say(&message("agent-met").with("rows", report.met)));
    }
    let words = message("agent-once")
        .with("pushed", report.pushed)
        .with("pulled", report.pulled)
        .with("conflicts", report.conflicts)
        .with("held", report.held)
        .with("refused", report.refused)
        .with("waiting", report.waiting);
    context.output.line(&context.text.say(&words));
    if report.late > 0 {
        context.output.line(&context.text.say(&message("agent-late").with("rows", report.late)));
    }
    if !report.unknown.is_empty() {
        let columns = report.unknown.join(", ");
        context.output.line(&context.text.say(&message("agent-unknown").with("columns", columns)));
    }
}

/// Works until it is asked to stop. What is given is kept as soon as it is seen that this agent can work with it.
async fn stay(
    (settings, given): (Settings, bool),
    path: &Path,
    tools: Tools,
    context: &Context,
) -> Result<Outcome> {
    context.start_log_in(path.parent().unwrap_or(Path::new(".")).join("logs"));
    let (random, db) = (Arc::clone(&tools.random), settings.db.clone());
    let agent = Agent::new(settings, path.to_owned(), tools);
    // Anything else may be better soon, and the page shows it.
    if let Err(error @ office::Error::Locked(_)) = agent.claim() {
        return Err(failure(&CycleError::Office(error), &agent.settings()));
    }
    let zone = clock::time_zone(&context.config.zone_name);
    let page = Page::bind(agent.clone(), language(context), zone, &random).await;
    let page = page.map_err(|error| page_failure(&error, &agent.settings()))?;
    if given {
        agent.settings().save(path).map_err(|error| settings_failure(&error))?;
    }
    let link = page.link();
    let link_file = path.with_file_name(LINK);
    keep_link(&link_file, &link).map_err(|error| page_failure(&error, &agent.settings()))?;
    context.output.answer(&json!({ "page": link }));
    let words = message("agent-ready").with("file", db.as_path()).with("page", link.as_str());
    context.output.line(&context.text.say(&words));
    let following = page.follow(|status| context.output.line(status));
    let serving = tokio::spawn(page.serve());
    tokio::select! {
        () = agent.run(stop_asked()) => {}
        () = following => {}
    }
    // Whoever looks at the page at this moment sees that it is gone.
    serving.abort();
    let _ = fs::remove_file(&link_file);
    context.output.note(&context.text, &message("agent-stopped"));
    Ok(Outcome::Done)
}

/// For the owner only, as whoever has the link may change the settings.
fn keep_link(path: &Path, link: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    store::make_private(folder)?;
    let mut file = tempfile::Builder::new().prefix("page-").tempfile_in(folder)?;
    agent::only_for_owner(file.path());
    writeln!(file, "{link}")?;
    file.persist(path)?;
    Ok(())
}

fn show_page(settings: &Path, context: &Context) -> Result<Outcome> {
    let path = settings.with_file_name(LINK);
    let Ok(link) = fs::read_to_string(&path) else {
        let why = message("agent-no-page-why").with("file", path.as_path());
        return Err(Failure::new(
            Code::AgentPage,
            message("agent-page-what"),
            why,
            message("agent-no-page-hint"),
        ));
    };
    context.output.answer(&json!({ "page": link.trim() }));
    context.output.line(link.trim());
    Ok(Outcome::Done)
}

async fn remove(force: bool, settings: &Settings, tools: &Tools, context: &Context) -> Result<Outcome> {
    let removed = async {
        let file = office::Lock::take(&settings.db).map_err(CycleError::from)?;
        if force {
            return Ok(agent::abandon(file, tools).await.map_err(CycleError::from)?);
        }
        let link = Link::new(&settings.hub).map_err(CycleError::from)?;
        Exchange::new(link).leave(file, tools).await
    };
    removed.await.map_err(|error| leave_failure(error, settings))?;
    context.output.answer(&json!({ "file": settings.db.display().to_string() }));
    context.output.line(&context.text.say(&message("agent-removed").with("file", settings.db.as_path())));
    Ok(Outcome::Done)
}

/// The file goes on without what its program took out of it for good.
async fn go_without(settings: &Settings, tools: &Tools, context: &Context) -> Result<Outcome> {
    let told = |error: office::Error| file_failure(&error, settings);
    let mut office = Office::open(&settings.db, &tools.rules).await.map_err(told)?;
    let lost = office.go_without().await.map_err(told)?;
    let named = |lost: &Lack| match lost {
        Lack::Table { table } => table.clone(),
        Lack::Column { table, column } => format!("{table}.{column}"),
    };
    let lost: Vec<String> = lost.iter().map(named).collect();
    context.output.answer(&json!({ "file": settings.db.display().to_string(), "without": lost }));
    let words = if lost.is_empty() { "agent-lacks-nothing" } else { "agent-goes-without" };
    let words = message(words).with("file", settings.db.as_path()).with("lost", lost.join(", "));
    context.output.line(&context.text.say(&words));
    Ok(Outcome::Done)
}

/// Nothing was taken out of the file.
fn leave_failure(error: LeaveError, settings: &Settings) -> Failure {
    let (what, hint) = (message("agent-remove-what"), message("agent-remove-hint"));
    match error {
        LeaveError::Cycle(error @ CycleError::Office(_)) => failure(&error, settings).what(what),
        LeaveError::Cycle(error) => failure(&error, settings).what(what).hint(hint),
        LeaveError::Held => Failure::new(Code::HubRefuses, what, message("agent-remove-held"), hint),
    }
}

fn language(context: &Context) -> Language {
    match context.language.language {
        crate::messages::Language::Turkish => Language::Turkish,
        crate::messages::Language::English => Language::English,
    }
}

fn failure(error: &CycleError, settings: &Settings) -> Failure {
    match error {
        CycleError::Office(error) => file_failure(error, settings),
        CycleError::Link(error) => link_failure(error, settings),
        CycleError::Restless => {
            let why = message("agent-restless-why");
            Failure::new(Code::HubRefuses, message("agent-what"), why, message("agent-restless-hint"))
        }
    }
}

fn file_failure(error: &office::Error, settings: &Settings) -> Failure {
    use office::Error;
    let (why, hint) = match error {
        Error::Locked(_) => ("agent-twice-why", "agent-twice-hint"),
        Error::Missing(_) => ("agent-file-missing", "agent-file-missing-hint"),
        Error::ReadOnly(_) => ("agent-file-read-only", "agent-file-read-only-hint"),
        Error::Full(_) => ("agent-file-full", "agent-file-full-hint"),
        Error::Busy(_) => ("agent-file-busy", "agent-file-busy-hint"),
        Error::Corrupt(_) => ("agent-file-corrupt", "agent-file-corrupt-hint"),
        Error::NotAnOfficeFile(_, stranger) => return stranger_failure(stranger, settings),
        Error::Lacks(_, lacked) => return lacks_failure(lacked, settings),
        Error::OtherRegion { file, line } => return region_failure(file, line, settings),
        Error::NewerTables(_) => ("agent-file-newer", "agent-file-newer-hint"),
        Error::Broken(_) | Error::File(..) | Error::Database(_) => ("agent-file-why", "agent-file-hint"),
    };
    let code = if matches!(error, Error::Locked(_)) { Code::AgentTwice } else { Code::AgentFile };
    let why = message(why).with("file", settings.db.as_path());
    let told = Failure::new(code, message("agent-what"), why, message(hint));
    match error {
        Error::Broken(_) => told.caused_by(error),
        Error::File(..) | Error::Database(_) => because(told, error),
        _ => told,
    }
}

fn region_failure(file: &str, line: &str, settings: &Settings) -> Failure {
    let why = message("agent-other-region-why").with("file", settings.db.as_path());
    let why = why.with("region", file).with("line", line);
    Failure::new(Code::AgentSettings, message("agent-what"), why, message("agent-other-region-hint"))
}

/// What the program's file has no longer.
fn lacks_failure(lacked: &Lack, settings: &Settings) -> Failure {
    let why = match lacked {
        Lack::Table { table } => message("agent-file-lacks-table").with("table", table.as_str()),
        Lack::Column { table, column } => {
            message("agent-file-lacks-column").with("table", table.as_str()).with("column", column.as_str())
        }
    };
    let why = why.with("file", settings.db.as_path());
    Failure::new(Code::AgentFile, message("agent-what"), why, message("agent-file-lacks-hint"))
}

/// Why the file is not touched.
fn stranger_failure(stranger: &Stranger, settings: &Settings) -> Failure {
    let why = match stranger {
        Stranger::Empty => message("agent-file-empty"),
        Stranger::NoTable(table) => message("agent-file-no-table").with("table", table.as_str()),
        Stranger::NoColumn { table, column } => {
            message("agent-file-no-column").with("table", table.as_str()).with("column", column.as_str())
        }
        Stranger::View(table) => message("agent-file-view").with("table", table.as_str()),
        Stranger::Encoding => message("agent-file-encoding"),
    };
    let why = why.with("file", settings.db.as_path());
    Failure::new(Code::AgentFile, message("agent-what"), why, message("agent-file-other-hint"))
}

fn link_failure(error: &LinkError, settings: &Settings) -> Failure {
    use replica::wire::Code as Said;
    let (code, why, hint) = match error {
        LinkError::Certificate => (Code::HubCertificate, "agent-certificate-why", "agent-certificate-hint"),
        LinkError::Untrusted => (Code::HubCertificate, "agent-untrusted-why", "agent-untrusted-hint"),
        LinkError::NotPlain => (Code::AgentSettings, "agent-not-plain-why", "agent-not-plain-hint"),
        LinkError::NotTls => (Code::AgentSettings, "agent-not-tls-why", "agent-not-tls-hint"),
        LinkError::Away(cause) => (Code::HubAway, away(*cause), "agent-away-hint"),
        error if error.passes() => (Code::HubAway, "agent-busy-why", "agent-away-hint"),
        LinkError::Refused(trouble) if trouble.code == Said::Token => {
            (Code::HubToken, "agent-token-why", "agent-token-hint")
        }
        LinkError::Refused(_) => (Code::HubRefuses, "agent-refuses-why", "agent-refused-hint"),
        LinkError::NoHub(_) => (Code::HubRefuses, "agent-no-hub-why", "agent-refuses-hint"),
        LinkError::Answer(_) => (Code::HubRefuses, "agent-answer-why", "agent-refuses-hint"),
        LinkError::File(_) => (Code::AgentFile, "agent-file-why", "agent-file-hint"),
    };
    let (hub, file) = (settings.hub.url.as_str(), settings.db.as_path());
    let why = message(why).with("hub", hub).with("file", file);
    let told = Failure::new(code, message("agent-what"), why, message(hint));
    match error {
        // The hub's own words, and the system's.
        LinkError::Refused(trouble) if trouble.code != Said::Token => told.caused_by(error),
        LinkError::File(_) => because(told, error),
        _ => told,
    }
}

const fn away(cause: Cause) -> &'static str {
    match cause {
        Cause::Name => "agent-away-name",
        Cause::Refused => "agent-away-refused",
        Cause::TimedOut => "agent-away-timed-out",
        Cause::NoWay => "agent-away-no-way",
        Cause::Cut => "agent-away-cut",
        Cause::Other => "agent-away-why",
    }
}

pub(super) fn settings_failure(error: &agent::SettingsError) -> Failure {
    use agent::SettingsError;
    let why = match error {
        SettingsError::File { path, .. } => message("agent-settings-file").with("file", path.as_path()),
        SettingsError::Form { path, reason } => {
            message("agent-settings-form").with("file", path.as_path()).with("reason", reason.as_str())
        }
        SettingsError::Hub(error) => message(no_enrolment(*error)),
    };
    let told = Failure::new(Code::AgentSettings, message("agent-what"), why, message("agent-settings-hint"));
    because(told, error)
}

/// Adds what is behind an error that is told already.
fn because(told: Failure, error: &dyn std::error::Error) -> Failure {
    match error.source() {
        Some(cause) => told.caused_by(cause),
        None => told,
    }
}

fn page_failure(error: &std::io::Error, settings: &Settings) -> Failure {
    let why = message("agent-page-why")
        .with("listen", settings.listen.to_string())
        .with("reason", error.to_string());
    Failure::new(Code::AgentPage, message("agent-page-what"), why, message("agent-page-hint"))
}
