//! What an agent is told once and keeps: which file, which hub, and whether it is switched on.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::enrolment::{self, Enrolment, NoEnrolment};

/// The agent's settings; they hold the token, so their file is the owner's only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The office program's file.
    pub db: PathBuf,
    pub hub: Enrolment,
    /// Senkron Aktif: switched off, the agent notes and sends nothing.
    pub active: bool,
    /// Where the local page is; always an address of this PC.
    pub listen: SocketAddr,
}

/// Where the local page is unless another place is wanted.
pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8788);

/// Settings that cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{path} cannot be read or written")]
    File {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("{path} is not what it should be: {reason}")]
    Form { path: PathBuf, reason: String },
    #[error(transparent)]
    Hub(#[from] NoEnrolment),
}

/// As it lies in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    db: PathBuf,
    hub: String,
    token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(default = "on")]
    active: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
}

const fn on() -> bool {
    true
}

impl Settings {
    /// Reads what was kept; `None` when there is nothing.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn load(path: &Path) -> Result<Option<Self>, SettingsError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(SettingsError::File { path: path.to_owned(), cause }),
        };
        // The text of the error could show the token's line.
        let form = |error: toml::de::Error| SettingsError::Form {
            path: path.to_owned(),
            reason: error.message().to_owned(),
        };
        let kept: Kept = toml::from_str(&text).map_err(form)?;
        let mark = kept.fingerprint.as_deref().map(enrolment::fingerprint).transpose()?;
        let hub = Enrolment::new(&kept.hub, &kept.token, mark)?;
        Ok(Some(Self { db: kept.db, hub, active: kept.active, listen: kept.listen.unwrap_or(LISTEN) }))
    }

    /// Keeps the settings: whole or not at all, for the owner only.
    ///
    /// # Errors
    /// [`SettingsError::File`].
    pub fn save(&self, path: &Path) -> Result<(), SettingsError> {
        let fail = |cause| SettingsError::File { path: path.to_owned(), cause };
        let kept = Kept {
            db: self.db.clone(),
            hub: self.hub.address(),
            token: self.hub.token.clone(),
            fingerprint: self.hub.shown_fingerprint(),
            active: self.active,
            listen: Some(self.listen),
        };
        let text = toml::to_string(&kept)
            .map_err(|error| SettingsError::Form { path: path.to_owned(), reason: error.to_string() })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        make_private(folder).map_err(fail)?;
        // What is the owner's only stays so under its new name.
        let new = tempfile::Builder::new().prefix("agent-").tempfile_in(folder).map_err(fail)?;
        only_for_owner(new.path());
        fs::write(new.path(), text).map_err(fail)?;
        new.as_file().sync_all().map_err(fail)?;
        new.persist(path).map_err(|error| fail(error.error))?;
        Ok(())
    }
}

/// What a file that was made as a temporary one needs besides, so that nobody else of the PC reads it: on Windows it has
/// the rights of its folder. From now on it is its owner's, the administrators' and the system's, as which services run.
/// Where the disk keeps no rights, that is told in the log.
#[cfg(windows)]
pub fn only_for_owner(path: &Path) {
    use std::process::{Command, Stdio};
    // Well-known identifiers: owner, administrators, system.
    let rights = ["*S-1-3-4:F", "*S-1-5-32-544:F", "*S-1-5-18:F"];
    let mut icacls = Command::new("icacls.exe");
    icacls.arg(path).args(["/inheritance:r", "/grant:r"]).args(rights);
    let told = icacls.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !told.is_ok_and(|status| status.success()) {
        tracing::warn!(file = %path.display(), "others on this PC may be able to read this file");
    }
}

/// A temporary file is its owner's from its beginning.
#[cfg(not(windows))]
pub const fn only_for_owner(_: &Path) {}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            db: "C:/Kullanıcılar/büro/puantaj.db".into(),
            hub: format!("denk+https://hub.example/#7_t.{}", "0f".repeat(32)).parse().unwrap(),
            active: false,
            listen: LISTEN,
        }
    }

    #[test]
    fn settings_are_kept_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("yeni klasör").join("agent.toml");
        assert_eq!(Settings::load(&path).unwrap(), None);
        let plain = "denk+http://192.0.2.2:8787/#7_t".parse().unwrap();
        for settings in [Settings { hub: plain, ..settings() }, settings()] {
            settings.save(&path).unwrap();
            assert_eq!(Settings::load(&path).unwrap(), Some(settings));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn a_broken_file_is_told_without_the_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.toml");
        fs::write(&path, "db = 'x'\nhub = 'https://h/'\ntoken = 'geheim'\nactve = true\n").unwrap();
        let error = Settings::load(&path).unwrap_err();
        assert!(matches!(error, SettingsError::Form { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("geheim"), "{error:?}");
    }
}
