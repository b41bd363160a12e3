//! `denk backup`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Backups of the hub's store.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    Create,
    List,
    Restore(BackupRestoreArgs),
    Drill(BackupDrillArgs),
}

#[derive(Debug, Args)]
pub struct BackupRestoreArgs {
    pub id: String,
    /// A new data folder, instead of the hub's own.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Only the tables of the business, as they were at this time.
    #[arg(long, value_name = "TIME", requires = "to")]
    pub at: Option<String>,
    /// The hub's store is replaced.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct BackupDrillArgs {
    /// The newest one on the other machine.
    #[arg(long)]
    pub copy: bool,
}
