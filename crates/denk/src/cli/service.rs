//! `denk service`.

#[cfg(windows)]
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// The agent or the hub as a service of the system.
#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    Install(ServiceInstallArgs),
    Remove(ServiceRemoveArgs),
    /// What the service manager starts.
    #[cfg(windows)]
    #[command(hide = true)]
    Run(ServiceRunArgs),
}

#[derive(Debug, Args)]
pub struct ServiceInstallArgs {
    #[arg(value_enum, value_name = "agent|hub", default_value = "agent")]
    pub what: Served,
    /// Instead of whoever owns the settings (agent) or the data (hub); on Windows, instead of the system.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Only shows what would be installed.
    #[arg(long)]
    pub print: bool,
}

#[derive(Debug, Args)]
pub struct ServiceRemoveArgs {
    #[arg(value_enum, value_name = "agent|hub", default_value = "agent")]
    pub what: Served,
}

#[cfg(windows)]
#[derive(Debug, Args)]
pub struct ServiceRunArgs {
    #[arg(value_enum, value_name = "agent|hub")]
    pub what: Served,
    /// The service's current folder: the service manager starts everything in one of the system's.
    #[arg(long, value_name = "DIR")]
    pub folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Served {
    Agent,
    Hub,
}

impl ServiceCommand {
    /// Whether it is about the agent, whose `-c` names a file of its own.
    pub(crate) const fn is_agents(&self) -> bool {
        let what = match self {
            Self::Install(args) => args.what,
            Self::Remove(args) => args.what,
            #[cfg(windows)]
            Self::Run(args) => args.what,
        };
        matches!(what, Served::Agent)
    }
}
