//! Where a value came from.

use std::path::PathBuf;

use crate::messages::{Message, message};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// **Units**: lines and columns count from 1, columns in characters.
    File {
        path: PathBuf,
        line: usize,
        column: usize,
    },
    /// A variable of the process's environment.
    Environment(String),
    Flag(&'static str),
}

impl Origin {
    /// One word for scripts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Environment(_) => "env",
            Self::Flag(_) => "flag",
        }
    }

    /// For `config show`: `denk.toml:7`, `DENK__ZONE`, `--lang`.
    #[must_use]
    pub fn place(&self) -> Message {
        match self {
            Self::Default => message("origin-default"),
            Self::File { path, line, .. } => {
                message("origin-file").with("file", path.as_path()).with("line", line.to_string())
            }
            Self::Environment(name) => message("origin-env").with("name", name.as_str()),
            Self::Flag(flag) => message("origin-flag").with("flag", *flag),
        }
    }

    /// For failures: as [`Origin::place`], with the column.
    #[must_use]
    pub fn spot(&self) -> Message {
        match self {
            Self::File { path, line, column } => {
                Message::verbatim(format!("{}:{line}:{column}", path.display()))
            }
            _ => self.place(),
        }
    }
}
