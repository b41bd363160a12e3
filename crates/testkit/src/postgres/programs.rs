//! Where PostgreSQL's programs are.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::Error;
use crate::environment::variable;

/// Folders that hold one folder per version, and how the names of those begin.
const PLACES: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

/// A program of PostgreSQL: from `PATH`, else from where packages put it, newest version first.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(versions()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The folder that holds all programs of a server.
pub(super) fn server_folder() -> Result<PathBuf, Error> {
    let initdb = find_program("initdb").ok_or(Error::ProgramMissing("initdb"))?;
    // A link in PATH may stand alone; the others are where it leads.
    let initdb = initdb.canonicalize().unwrap_or(initdb);
    let folder = initdb.parent().unwrap_or(Path::new("/")).to_owned();
    match ["pg_ctl", "postgres"].into_iter().find(|name| !folder.join(name).is_file()) {
        Some(missing) => Err(Error::ProgramMissing(missing)),
        None => Ok(folder),
    }
}

/// `psql`, if possible the one that is installed with the server: Debian's in `PATH` is a slow wrapper around it.
pub(super) fn psql() -> Result<PathBuf, Error> {
    let beside_server = server_folder().ok().map(|folder| folder.join("psql")).filter(|file| file.is_file());
    beside_server.or_else(|| find_program("psql")).ok_or(Error::ProgramMissing("psql"))
}

/// Keeps what a person has set for their own PostgreSQL (`PGHOST`, `PGOPTIONS`, ...) away from ours.
pub(super) fn forget_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
}

fn versions() -> impl Iterator<Item = PathBuf> {
    PLACES.into_iter().flat_map(|(parent, prefix)| {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        let mut found: Vec<(u32, PathBuf)> = entries
            .filter_map(|entry| {
                Some((version(entry.file_name().to_str()?, prefix)?, entry.path().join("bin")))
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        found.into_iter().map(|(_, folder)| folder)
    })
}

/// The major version that a folder's name tells; 0 when it tells none (`postgresql`, `latest`).
fn version(name: &str, prefix: &str) -> Option<u32> {
    let rest = name.strip_prefix(prefix)?;
    let digits: String =
        rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    Some(digits.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(version("9.6", "") < version("15", ""));
        assert_eq!(version("pgsql-16", "pgsql-"), Some(16));
        assert_eq!(version("postgresql@17", "postgresql"), Some(17));
        assert_eq!(version("share", "pgsql-"), None);
    }
}
