//! The configuration: `denk.toml`, the environment, the names of the old programs, and where each value came from.
//!
//! Four layers, later ones win: defaults; the old programs' names (a `.env` file beside `denk.toml`, under the
//! process's environment); `denk.toml`; variables named `DENK__SECTION__KEY` (from both environments). Flags win over
//! all of them and are laid over by whoever reads the flags.
//! An address and its password belong together: a layer that gives a database's address drops the password of the
//! layers below.
//!
//! The one thing to know: secrets stay references until somebody opens the database, and nothing in here prints one.
//! Sections that no code reads yet (`mikro`, `schedule`, `feed`) are kept as raw settings.

mod copies;
mod database;
mod environment;
mod file;
mod notify;
pub(crate) mod old;
mod origin;
mod redact;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod variables;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use hub::IpNet;
use model::Zone;
use tracing::level_filters::LevelFilter;

pub use self::notify::{Email, Notify};
pub(crate) use database::address_reason;
pub use environment::{Environment, Variables};
pub use origin::Origin;
pub use settings::{Name, Raw, Reference, Setting, Settings};

use crate::{
    failure::{Code, Failure, Result},
    log,
    messages::{Chosen, message},
};

/// Name of the configuration file in the current folder.
pub const FILE_NAME: &str = "denk.toml";

/// Zone of the business unless the configuration says otherwise.
pub const DEFAULT_ZONE: &str = "Europe/Istanbul";

/// Everything that is configured, checked as far as it can be without opening anything.
#[derive(Debug)]
pub struct Config {
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Relative paths of the configuration start here: the folder of its file, else the current folder.
    pub folder: PathBuf,
    pub language: Option<Chosen>,
    pub zone: Zone,
    pub zone_name: String,
    pub log: Log,
    pub flows: Flows,
    pub hub: Hub,
    /// Names of the old programs that were found and not used.
    pub set_aside: Vec<old::SetAside>,
    settings: Settings,
    variables: Variables,
}

/// `[log]`.
#[derive(Clone, Debug)]
pub struct Log {
    pub level: LevelFilter,
    pub format: log::Format,
    pub folder: PathBuf,
}

/// `[hub]`, besides its database and its shared key.
#[derive(Clone, Debug)]
pub struct Hub {
    pub listen: SocketAddr,
    /// Where offices reach the hub, when that is not where it listens. Without a slash at the end.
    pub public_url: Option<String>,
    /// Stands above every report.
    pub company: Option<String>,
    /// A picture (PNG) beside it.
    pub logo: Option<PathBuf>,
    pub preset: String,
    /// TLS ends before it reaches denk.
    pub behind_proxy: bool,
    /// Who says there from where a request comes; none: whoever is connected.
    pub proxies: Vec<IpNet>,
    /// PEM files; without them the hub makes its own.
    pub certificate: Option<PathBuf>,
    pub private_key: Option<PathBuf>,
    /// The largest office file that is taken.
    pub upload_bytes_max: u64,
    /// How long people stay logged in.
    pub sessions: store::Lifetime,
    pub backup: Backup,
}

/// `[hub] backup`.
#[derive(Clone, Debug)]
pub struct Backup {
    /// `None`: only when somebody asks for one.
    pub every: Option<Duration>,
    /// So many stay.
    pub keep: usize,
    /// Seen from the data folder.
    pub folder: PathBuf,
    pub copy_to: Option<CopyTo>,
    /// Fingerprint of the key of the server that copies go to.
    pub copy_host_key: Option<String>,
}

/// Where each backup is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyTo {
    /// A second folder. Seen from the folder of the configuration.
    Folder(PathBuf),
    Server(sftp::Address),
}

/// `[flows]`.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    /// `None`: the configuration names no flows.
    pub source: Option<FlowSource>,
    /// Most rows of a batch. **Units**: rows.
    pub batch_rows: Option<usize>,
    /// How often something is tried again that failed because somebody else was in the way.
    pub retries: Option<u32>,
}

/// Where flow files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowSource {
    /// Files that come with denk.
    Preset(String),
    /// The user's own files.
    Folder(PathBuf),
}

impl Config {
    /// Reads the configuration: the file `named` by `-c`, else `denk.toml` in the current folder if there is one.
    ///
    /// # Errors
    /// `ConfigurationMissing` when the named file is not there; what is wrong in it, with file, line and column.
    pub fn load(named: Option<&Path>, environment: &Environment) -> Result<Self> {
        let found = find(named, environment)?;
        let folder = match found.as_ref().and_then(|path| path.parent()) {
            Some(folder) => folder.to_owned(),
            None => environment.folder().to_owned(),
        };
        let variables = Variables::read(environment, &folder.join(".env"))?;
        let old = old::read(&variables);
        let mut settings = Settings::default();
        settings.lay(schema::defaults());
        settings.lay(old.settings);
        if let Some(path) = &found {
            settings.lay(file::read(path, environment.shown(path))?);
        }
        let own = variables::read(&variables, &settings)?;
        settings.lay(own);
        let set_aside =
            old.set_aside.into_iter().filter(|aside| !settings.refer_to(&aside.variable)).collect();
        Self { file: found, folder, variables, set_aside, ..Self::of(settings)? }.checked()
    }

    /// What holds when nothing is configured.
    ///
    /// # Panics
    /// When the defaults are no valid configuration: a mistake in the program, found by the first test.
    #[must_use]
    pub fn empty(environment: &Environment) -> Self {
        let mut settings = Settings::default();
        settings.lay(schema::defaults());
        let config = Self::of(settings).expect("the defaults are valid");
        Self {
            folder: environment.folder().to_owned(),
            variables: Variables::of_process(environment),
            ..config
        }
    }

    /// Every setting, in order of name.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }

    /// Whether the reference's secret is there, without telling it.
    pub(crate) fn has_secret(&self, reference: &Reference) -> bool {
        settings::secret(reference, &self.variables, &self.folder).is_ok()
    }

    /// Where a reference leads, for people: the variable or file, and who named it.
    pub(crate) fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Where flow files come from.
    ///
    /// # Errors
    /// `FlowsNotConfigured`.
    pub fn flow_source(&self) -> Result<&FlowSource> {
        self.flows.source.as_ref().ok_or_else(|| {
            let why = match &self.file {
                Some(file) => message("config-flows-missing").with("file", file.as_path()),
                None => message("config-flows-no-file").with("folder", self.folder.as_path()),
            };
            Failure::new(
                Code::FlowsNotConfigured,
                message("config-flows-what"),
                why,
                message("config-flows-hint"),
            )
        })
    }

    fn of(settings: Settings) -> Result<Self> {
        let zone_name = schema::text(&settings, "zone")?.unwrap_or(DEFAULT_ZONE.into());
        let config = Self {
            file: None,
            folder: PathBuf::new(),
            language: schema::language(&settings)?,
            zone: schema::zone(&settings)?,
            zone_name,
            log: schema::log(&settings)?,
            flows: schema::flows(&settings)?,
            hub: schema::hub(&settings)?,
            set_aside: Vec::new(),
            variables: Variables::default(),
            settings,
        };
        Ok(config)
    }

    /// Addresses that stand in the file itself can be checked before anybody opens them.
    fn checked(self) -> Result<Self> {
        for name in self.database_names() {
            self.check_database(name)?;
        }
        Ok(self)
    }
}

/// A path as the configuration means it: seen from its folder. A path of Windows stays one wherever denk runs.
pub(crate) fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_encoded_bytes();
    let rooted = path.has_root() || bytes.starts_with(b"\\") || bytes.get(1) == Some(&b':');
    if rooted { path.to_owned() } else { folder.join(path) }
}

fn find(named: Option<&Path>, environment: &Environment) -> Result<Option<PathBuf>> {
    let Some(named) = named else {
        let path = environment.folder().join(FILE_NAME);
        return Ok(path.is_file().then_some(path));
    };
    let path = environment.folder().join(named);
    if path.is_file() {
        return Ok(Some(path));
    }
    let why = message("config-missing-why").with("file", path.as_path());
    Err(Failure::new(Code::ConfigurationMissing, message("config-what"), why, message("config-missing-hint")))
}

/// A text file as UTF-8, without the mark that some editors put in front.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let failed = |why| {
        Failure::new(Code::ConfigurationUnreadable, message("config-what"), why, message("config-read-hint"))
    };
    let bytes = std::fs::read(path).map_err(|error| {
        failed(message("config-read-why").with("file", path).with("reason", error.to_string()))
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        failed(message("config-not-utf8").with("file", path)).hint(message("config-utf8-hint"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
