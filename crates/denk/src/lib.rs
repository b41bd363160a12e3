//! The program: command line, configuration, words and wiring. What the commands do is in the crates below.
//!
//! A command gets a [`Context`] and ends with an [`Outcome`] or a [`Failure`](failure::Failure); [`execute`] turns
//! both into words and an exit code.

pub mod backups;
pub mod cli;
mod clock;
pub mod commands;
pub mod config;
mod copies;
pub mod failure;
pub mod hub_store;
pub mod log;
pub mod messages;
pub mod notify;
pub mod output;
pub mod presets;
pub mod wiring;

use std::{ffi::OsString, path::PathBuf, process::ExitCode, time::Duration};

use cli::{Cli, Command, Early, Global, Instead, LogFormat, LogLevel};
use config::{Config, Environment, Origin};
use failure::{Code, Failure};
use messages::{Chosen, Message, Text, choose, message};
use output::Output;
use tokio::runtime::Runtime;
use tracing::level_filters::LevelFilter;

/// What every command works with.
#[derive(Debug)]
pub struct Context {
    pub config: Config,
    pub text: Text,
    /// The language and who asked for it.
    pub language: Chosen,
    pub output: Output,
    pub environment: Environment,
    pub global: Global,
}

/// How a command ended that said itself what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Done in part: rows parked or held, differences found.
    Partial,
    /// Not done, and the answer says why.
    Failed,
}

/// Folder of hub store and backups unless `--data` says otherwise.
const DATA_FOLDER: &str = "data";

/// Carries out the process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let runtime = match runtime(&arguments) {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("denk: {error}");
            return ExitCode::FAILURE;
        }
    };
    let exit = runtime.block_on(execute(&arguments, Environment::of_process(), Output::standard()));
    // A call into SQLite that waits for a lock would go on waiting; ending it rolls back.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ExitCode::from(exit)
}

/// As many threads as the machine has processors; for an agent as many as it has things to do at a time, as each keeps some
/// memory and it stays on the PC for ever: one cycle's calls on the file, and names that are looked up.
fn runtime(arguments: &[OsString]) -> std::io::Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if arguments.iter().any(|word| word == "agent") {
        builder.worker_threads(2).max_blocking_threads(8).thread_keep_alive(Duration::from_secs(1));
    }
    builder.enable_all().build()
}

/// Carries out one command line (the program's name first) and returns the exit code.
pub async fn execute(arguments: &[OsString], environment: Environment, output: Output) -> u8 {
    let early = Early::read(arguments);
    let text = Text::new(choose(early.lang, &environment, None).language);
    let output = output.json(early.json);
    let cli = match cli::parse(arguments, &text) {
        Ok(cli) => cli,
        Err(instead) => return show_instead(&instead, &text, &output),
    };
    let output = output.quiet(cli.global.quiet);
    let environment = match cli.command.folder() {
        Some(folder) => environment.in_folder(folder),
        None => environment,
    };
    let config = match load(&cli, &environment) {
        Ok(config) => config,
        Err(failure) => {
            output.failure(&text, &failure);
            return failure.exit();
        }
    };
    let language = choose(cli.global.lang, &environment, config.language.clone());
    let text = Text::new(language.language);
    let context = Context { config, text, language, output, environment, global: cli.global };
    let outcome = if cli.command.hears_stop() {
        dispatch(cli.command, &context).await
    } else {
        tokio::select! {
            outcome = dispatch(cli.command, &context) => outcome,
            () = stop_asked() => Err(stopped()),
        }
    };
    let exit = match outcome {
        Ok(outcome) => outcome.exit(),
        Err(failure) => {
            context.output.failure(&context.text, &failure);
            failure.exit()
        }
    };
    match context.output.lost() {
        None => exit,
        Some(error) => {
            let failure = unwritten(&error);
            context.output.failure(&context.text, &failure);
            failure.exit()
        }
    }
}

/// Ends when the process is asked to stop: Ctrl+C, what a service manager sends, or that the window is closed.
async fn stop_asked() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_shutdown};
        if let (Ok(mut pause), Ok(mut close), Ok(mut shutdown)) =
            (ctrl_break(), ctrl_close(), ctrl_shutdown())
        {
            tokio::select! {
                _ = pause.recv() => {}
                _ = close.recv() => {}
                _ = shutdown.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
                () = commands::service::stop_asked() => {}
            }
            return;
        }
    }
    // Without a handler the process simply ends, which is as good.
    let _ = tokio::signal::ctrl_c().await;
}

fn stopped() -> Failure {
    Failure::new(Code::Stopped, message("stopped-what"), message("stopped-why"), message("stopped-hint"))
}

fn unwritten(error: &std::io::Error) -> Failure {
    let why = Message::verbatim(error.to_string());
    Failure::new(Code::CannotWrite, message("output-what"), why, message("output-hint"))
}

fn show_instead(instead: &Instead, text: &Text, output: &Output) -> u8 {
    match instead {
        Instead::Help(help) => {
            output.help(help);
            0
        }
        Instead::Nothing(help, failure) => {
            output.instead_of_command(help, text, failure);
            failure.exit()
        }
        Instead::Wrong(failure) => {
            output.failure(text, failure);
            failure.exit()
        }
    }
}

/// Commands that need no configuration are not stopped by a broken one that nobody asked for.
fn load(cli: &Cli, environment: &Environment) -> failure::Result<Config> {
    let named = cli.global.config.as_deref();
    match &cli.command {
        // Their `-c` names a file of their own.
        Command::Init(_) | Command::Agent(_) => Ok(Config::empty(environment)),
        Command::Service(command) if command.is_agents() => Ok(Config::empty(environment)),
        Command::Copy(_) | Command::Preset(_) | Command::Demo(_) if named.is_none() => {
            Ok(Config::load(None, environment).unwrap_or_else(|_| Config::empty(environment)))
        }
        _ => Config::load(named, environment),
    }
}

async fn dispatch(command: Command, context: &Context) -> failure::Result<Outcome> {
    match command {
        Command::Config(cli::ConfigCommand::Show(args)) => commands::config_show::run(&args, context),
        Command::Init(args) => commands::init::run(&args, context),
        Command::Copy(args) => commands::copy::run(&args, context).await,
        Command::Run(args) => commands::run::run(&args, context).await,
        Command::Check(args) => commands::check::run(&args, context).await,
        Command::Verify(args) => commands::verify::run(&args, context).await,
        Command::Preset(command) => commands::preset::run(&command, context),
        Command::Serve(args) => commands::serve::run(&args, context).await,
        Command::Agent(args) => commands::agent::run(&args, context).await,
        Command::Service(command) => commands::service::run(&command, context).await,
        Command::Site(command) => commands::site::run(&command, context).await,
        Command::Import(args) => commands::import::run(&args, context).await,
        Command::Compare(args) => commands::compare::run(&args, context),
        Command::Conflicts(command) => commands::conflicts::run(&command, context).await,
        Command::User(command) => commands::user::run(&command, context).await,
        Command::Held(command) => commands::held::run(&command, context).await,
        Command::Backup(command) => commands::backup::run(&command, context).await,
        Command::Notify(command) => commands::notify::run(&command, context).await,
        Command::Demo(args) => commands::demo::run(&args, context).await,
    }
}

impl Outcome {
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Partial => 3,
        }
    }
}

impl Context {
    /// The data folder: `--data`, else `data`, seen from the current folder.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.environment.folder().join(self.global.data.as_deref().unwrap_or(DATA_FOLDER.as_ref()))
    }

    /// A moment for people and scripts: RFC 3339 in the zone of the business.
    #[must_use]
    pub fn moment(&self, unix_ms: i64) -> String {
        let at = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let zoned = at.to_zoned(clock::time_zone(&self.config.zone_name));
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// Starts the log files; for commands that run flows. A log that cannot be written is told and stops nothing.
    pub fn start_log(&self) {
        self.start_log_in(self.config.folder.join(&self.config.log.folder));
    }

    /// As [`Context::start_log`], in this folder whatever the configuration says.
    pub fn start_log_in(&self, folder: PathBuf) {
        let plan = self.log_plan(folder);
        if let Err(error) = log::start(&plan) {
            let note = message("log-unwritable")
                .with("folder", plan.folder.as_path())
                .with("reason", error.to_string());
            self.output.note(&self.text, &note);
        }
    }

    fn log_plan(&self, folder: PathBuf) -> log::Plan {
        let configured = &self.config.log;
        log::Plan {
            folder,
            level: self.global.log_level.map_or(configured.level, LogLevel::filter),
            format: self.global.log_format.map_or(configured.format, LogFormat::format),
            console: match self.global.verbose {
                0 => LevelFilter::OFF,
                1 => LevelFilter::INFO,
                _ => LevelFilter::DEBUG,
            },
            zone: self.config.zone_name.clone(),
        }
    }

    /// Settings that flags gave, by name, in the words that the configuration would use.
    pub(crate) fn flags(&self) -> Vec<(&'static str, String, Origin)> {
        let level =
            self.global.log_level.map(|level| ("log.level", level.filter().to_string(), "--log-level"));
        let format =
            self.global.log_format.map(|format| ("log.format", format.word().to_owned(), "--log-format"));
        level.into_iter().chain(format).map(|(name, value, flag)| (name, value, Origin::Flag(flag))).collect()
    }
}

impl LogLevel {
    const fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl LogFormat {
    const fn format(self) -> log::Format {
        match self {
            Self::Text => log::Format::Text,
            Self::Json => log::Format::Json,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_can_be_shared_by_tasks() {
        fn shared<T: Send + Sync>() {}
        shared::<Context>();
        shared::<Failure>();
    }
}
