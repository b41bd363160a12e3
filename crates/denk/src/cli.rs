//! The command line: what can be typed. Help texts come from `locales/` (see [`localize`]); the comments here are for
//! readers of the code.

mod backup;
mod early;
mod localize;
mod service;
mod usage;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use backup::{BackupCommand, BackupDrillArgs, BackupRestoreArgs};
pub use early::Early;
pub use service::{Served, ServiceCommand, ServiceInstallArgs};

use crate::{
    failure::Failure,
    messages::{Language, Text},
};

#[derive(Debug, Parser)]
#[command(name = "denk", version, disable_help_flag = true, disable_version_flag = true)]
#[command(disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Language of texts.
    #[arg(long, global = true, value_enum, value_name = "tr|en")]
    pub lang: Option<Language>,
    /// One JSON object on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// The configuration, instead of `denk.toml` in the current folder.
    #[arg(short, long, global = true)]
    pub config: Option<PathBuf>,
    /// The data folder.
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
    /// Shows the log on standard error; twice shows more.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Neither notes nor progress.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    #[arg(long, global = true, value_enum)]
    pub log_level: Option<LogLevel>,
    #[arg(long, global = true, value_enum)]
    pub log_format: Option<LogFormat>,
    #[arg(short = 'h', long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Copy(CopyArgs),
    Run(RunArgs),
    Check(CheckArgs),
    Verify(VerifyArgs),
    #[command(subcommand, arg_required_else_help = true)]
    Preset(PresetCommand),
    #[command(subcommand, arg_required_else_help = true)]
    Config(ConfigCommand),
    Init(InitArgs),
    Serve(ServeArgs),
    Agent(AgentArgs),
    #[command(subcommand, arg_required_else_help = true)]
    Service(ServiceCommand),
    #[command(subcommand, arg_required_else_help = true)]
    Site(SiteCommand),
    Import(ImportArgs),
    Compare(CompareArgs),
    #[command(subcommand, arg_required_else_help = true)]
    Conflicts(ConflictsCommand),
    #[command(subcommand, arg_required_else_help = true)]
    Held(HeldCommand),
    #[command(subcommand, arg_required_else_help = true)]
    User(UserCommand),
    #[command(subcommand, arg_required_else_help = true)]
    Backup(BackupCommand),
    #[command(subcommand, arg_required_else_help = true)]
    Notify(NotifyCommand),
    Demo(DemoArgs),
}

/// Makes tables of one database equal to those of another.
#[derive(Debug, Args)]
pub struct CopyArgs {
    pub source: String,
    pub target: String,
    /// Only these tables; all without it.
    #[arg(long)]
    pub table: Vec<String>,
    /// All tables but these.
    #[arg(long, value_name = "TABLE")]
    pub without: Vec<String>,
    /// Columns that tell the rows of the one table or view apart.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub key: Vec<String>,
    /// Another name for the one table in the target.
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// Rows that the source does not have stay in the target.
    #[arg(long)]
    pub keep_deleted: bool,
    #[arg(long)]
    pub dry_run: bool,
    /// What to hold a column as.
    #[arg(long = "type", value_name = "COLUMN=TYPE")]
    pub types: Vec<String>,
}

/// Runs flows or groups of flows once.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[arg(required = true)]
    pub name: Vec<String>,
    /// Everything, not only what may have changed.
    #[arg(long)]
    pub full: bool,
    #[arg(long)]
    pub dry_run: bool,
    /// Only these flows of the groups.
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Deletions that were held go through.
    #[arg(long)]
    pub allow_deletes: bool,
    /// Goes on although source columns have vanished or changed.
    #[arg(long)]
    pub accept_drift: bool,
}

/// Opens every database and looks whether flows could run.
#[derive(Debug, Args)]
pub struct CheckArgs {}

/// Compares source and target through the mapping.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    pub name: String,
    /// Brings the target in line.
    #[arg(long)]
    pub repair: bool,
    /// Most differences listed for a flow.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

/// The files that come with denk.
#[derive(Debug, Subcommand)]
pub enum PresetCommand {
    List,
    Show(PresetShowArgs),
    Copy(PresetCopyArgs),
}

#[derive(Debug, Args)]
pub struct PresetShowArgs {
    pub name: String,
    /// The tables of one of its databases, as SQL.
    #[arg(long, value_enum, value_name = "erp|web|entegra|office")]
    pub schema: Option<Schema>,
    #[arg(long, value_enum, value_name = "sqlite|postgres|mssql")]
    pub dialect: Option<Dialect>,
}

#[derive(Debug, Args)]
pub struct PresetCopyArgs {
    pub name: String,
    pub dir: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    Erp,
    Web,
    Entegra,
    Office,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dialect {
    Sqlite,
    Postgres,
    Mssql,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    Show(ConfigShowArgs),
}

/// What is configured.
#[derive(Debug, Args)]
pub struct ConfigShowArgs {
    /// Where each value came from.
    #[arg(long)]
    pub origin: bool,
}

/// Writes `denk.toml`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// A `.env` file of the old programs.
    #[arg(long, value_name = "FILE")]
    pub from_env: Option<PathBuf>,
    /// Where the marketplace tool's file lies.
    #[arg(long, value_name = "FILE")]
    pub entegra: Option<PathBuf>,
    /// Overwrites.
    #[arg(long)]
    pub force: bool,
}

/// Runs the hub until it is stopped.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// Instead of the configuration's `hub.listen`.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<std::net::SocketAddr>,
    /// The data folder may lie on storage that is lost with the machine.
    #[arg(long)]
    pub allow_temporary: bool,
}

/// Keeps an office's file in step with the hub. What is given once is kept in `agent.toml`.
#[derive(Debug, Default, Args)]
pub struct AgentArgs {
    /// The office program's file.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The enrolment line of `denk site add`, or the hub's address.
    #[arg(long, value_name = "URL")]
    pub hub: Option<String>,
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Where the local page is.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<std::net::SocketAddr>,
    /// One full exchange, then the end.
    #[arg(long)]
    pub once: bool,
    /// Only shows the link to the page of the agent that is running.
    #[arg(long, conflicts_with_all = ["once", "remove"])]
    pub page: bool,
    /// Exchanges a last time, then takes everything that denk put into the file out of it again.
    #[arg(long, conflicts_with = "once")]
    pub remove: bool,
    /// The program's file will not have again what it has lost (a table, a column): the exchange goes on without.
    #[arg(long, conflicts_with_all = ["once", "remove", "page"])]
    pub go_without: bool,
    /// With --remove: also where the hub cannot be asked.
    #[arg(long, requires = "remove")]
    pub force: bool,
}

impl Command {
    /// Whether it hears by itself that it is to stop, and finishes what is running.
    pub(crate) const fn hears_stop(&self) -> bool {
        match self {
            Self::Serve(_) | Self::Demo(_) | Self::Agent(_) => true,
            #[cfg(windows)]
            Self::Service(ServiceCommand::Run(_)) => true,
            _ => false,
        }
    }

    /// Where it works, when that is not the current folder.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            #[cfg(windows)]
            Self::Service(ServiceCommand::Run(args)) => Some(&args.folder),
            _ => None,
        }
    }
}

/// The office PCs that may send and fetch files.
#[derive(Debug, Subcommand)]
pub enum SiteCommand {
    Add(SiteAddArgs),
    List,
    Revoke(SiteNameArgs),
    Rename(SiteRenameArgs),
}

#[derive(Debug, Args)]
pub struct SiteAddArgs {
    pub name: String,
    /// `*`: headquarters.
    #[arg(long, value_name = "REGION")]
    pub region: String,
}

#[derive(Debug, Args)]
pub struct SiteNameArgs {
    pub name: String,
}

#[derive(Debug, Args)]
pub struct SiteRenameArgs {
    pub name: String,
    pub to: String,
}

/// Old office files into the hub.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Whose files these are; rows without a region get it. `*`: everybody's, and rows without a region stay so.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    #[arg(long)]
    pub dry_run: bool,
}

/// Files of offices that wait for a person.
#[derive(Debug, Subcommand)]
pub enum HeldCommand {
    List,
    Approve(HeldIdArgs),
    Reject(HeldIdArgs),
}

#[derive(Debug, Args)]
pub struct HeldIdArgs {
    pub id: i64,
}

/// Values that two people changed, of which one did not stand.
#[derive(Debug, Subcommand)]
pub enum ConflictsCommand {
    List,
    Show(ConflictIdArgs),
    Take(ConflictTakeArgs),
}

#[derive(Debug, Args)]
pub struct ConflictIdArgs {
    pub id: i64,
}

#[derive(Debug, Args)]
pub struct ConflictTakeArgs {
    pub id: i64,
    #[arg(value_enum, value_name = "local|incoming")]
    pub side: ConflictSide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConflictSide {
    /// What the hub had first.
    Local,
    /// What came in later.
    Incoming,
}

/// The people who may log in.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    Add(UserAddArgs),
    List,
    Passwd(UserNameArgs),
    Disable(UserNameArgs),
    Enable(UserNameArgs),
    Logout(UserNameArgs),
    Import(UserImportArgs),
}

#[derive(Debug, Args)]
pub struct UserAddArgs {
    pub name: String,
    #[arg(long, value_enum, value_name = "ROLE")]
    pub role: UserRole,
    /// `*`: everything; an office's account belongs to one region.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UserRole {
    Admin,
    Manager,
    Viewer,
    Office,
}

#[derive(Debug, Args)]
pub struct UserNameArgs {
    pub name: String,
}

#[derive(Debug, Args)]
pub struct UserImportArgs {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Messages to people.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    Test,
}

/// Rows that differ between two office files.
#[derive(Debug, Args)]
pub struct CompareArgs {
    #[arg(value_name = "FILE1")]
    pub first: PathBuf,
    #[arg(value_name = "FILE2")]
    pub second: PathBuf,
}

/// Everything on one machine with made-up data.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Instead of the usual port, or the next free one.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<std::net::SocketAddr>,
}

/// What came of reading the arguments, when it is no command to carry out.
#[derive(Debug)]
pub enum Instead {
    /// Help or version was asked for.
    Help(String),
    /// Nothing was asked for: the help for people, a failure for scripts.
    Nothing(String, Failure),
    Wrong(Failure),
}

impl ValueEnum for Language {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.code()))
    }
}

/// Reads the arguments (the program's name first), speaking `text`'s language.
///
/// # Errors
/// What is to be shown instead of carrying out a command.
pub fn parse(arguments: &[OsString], text: &Text) -> Result<Cli, Instead> {
    let mut command = localize::localized(Cli::command(), text);
    let matches = command.try_get_matches_from_mut(arguments).map_err(|error| usage::instead(&error))?;
    Cli::from_arg_matches(&matches).map_err(|error| usage::instead(&error))
}
