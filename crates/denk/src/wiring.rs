//! Flows of the configuration and the databases they name, put together.

use std::{collections::BTreeMap, path::Path};

use ::database::{Address, Engine, Session};
use flow::{Connect, Flow, Options, Purpose};

use crate::{
    Context,
    config::FlowSource,
    failure::{Code, Failure, Place, Result},
    messages::message,
    presets,
};

/// Databases by name, with their addresses resolved.
#[derive(Debug, Default)]
pub struct Databases {
    addresses: BTreeMap<String, Address>,
    /// Where files that are not there yet are made instead, for looking without writing.
    scratch: Option<tempfile::TempDir>,
}

impl Databases {
    /// Those that `flows` name.
    ///
    /// # Errors
    /// `DatabaseNotConfigured`, `SecretMissing`, `WrongAddress`.
    pub fn of_flows(flows: &[Flow], context: &Context) -> Result<Self> {
        let mut databases = Self::default();
        for name in flows.iter().flat_map(|flow| [&flow.source.database, &flow.target.database]) {
            if !databases.addresses.contains_key(name) {
                databases.add(name, context.config.database(name)?);
            }
        }
        Ok(databases)
    }

    pub fn add(&mut self, name: &str, address: Address) {
        self.addresses.insert(name.to_owned(), address);
    }

    /// Files that are not there yet are made in a temporary folder, and gone afterwards.
    ///
    /// # Errors
    /// `CannotWrite` when there is no such folder.
    pub fn only_looking(mut self) -> Result<Self> {
        let made = tempfile::tempdir().map_err(|error| {
            let why = crate::messages::Message::verbatim(error.to_string());
            Failure::new(Code::CannotWrite, message("scratch-what"), why, message("scratch-hint"))
        });
        self.scratch = Some(made?);
        Ok(self)
    }

    /// Which database a failure was about, for people.
    #[must_use]
    pub fn place(&self, name: &str) -> Place {
        self.addresses.get(name).map_or_else(Place::default, |address| Place::named(name, address))
    }
}

#[async_trait::async_trait]
impl Connect for Databases {
    async fn open(&self, name: &str, purpose: Purpose) -> flow::Result<Box<dyn Session>> {
        let address = self.addresses.get(name).ok_or_else(|| flow::Error::NoDatabase(name.to_owned()))?;
        let absent = address.engine() == Engine::Sqlite && !address.path().exists();
        let replaced = match &self.scratch {
            Some(folder) if purpose == Purpose::Create && absent => {
                Some(Address::sqlite(folder.path().join(format!("{name}.db"))))
            }
            _ => None,
        };
        let address = replaced.as_ref().unwrap_or(address);
        let opened = if purpose == Purpose::Create {
            ::database::open_or_create(address).await
        } else {
            ::database::open(address).await
        };
        opened.map_err(|source| flow::Error::Database { database: name.to_owned(), source })
    }
}

/// How flows run, as the configuration has it.
#[must_use]
pub fn options(context: &Context) -> Options {
    let (flows, usual) = (&context.config.flows, Options::default());
    Options {
        batch_rows: flows.batch_rows.unwrap_or(usual.batch_rows),
        retries: flows.retries.unwrap_or(usual.retries),
        ..usual
    }
}

/// Every flow of the configuration.
///
/// # Errors
/// `FlowsNotConfigured`; `FlowFile` for a file that is no flow; `UnknownPreset`.
pub fn flows(context: &Context) -> Result<Vec<Flow>> {
    let flows = read_all(context)?;
    let mut names: Vec<&str> = flows.iter().map(|flow| flow.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(flows),
        Some(pair) => {
            let what = message("flow-twice-what").with("flow", pair[0]);
            Err(Failure::new(Code::FlowTwice, what, message("flow-twice-why"), message("flow-twice-hint")))
        }
    }
}

fn read_all(context: &Context) -> Result<Vec<Flow>> {
    match context.config.flow_source()? {
        FlowSource::Preset(name) => {
            let files = presets::flows(name).ok_or_else(|| unknown_preset(name))?;
            files.iter().map(|file| read(file.path, file.text)).collect()
        }
        FlowSource::Folder(folder) => {
            let folder = context.config.folder.join(folder);
            let mut flows = Vec::new();
            read_folder(&folder, &mut flows)?;
            Ok(flows)
        }
    }
}

/// The flows that `names` mean, in the order in which they run.
///
/// # Errors
/// `UnknownFlow` for a name that means none; `FlowCircle`.
pub fn chosen(all: Vec<Flow>, names: &[String], only: &[String]) -> Result<Vec<Flow>> {
    for name in names.iter().chain(only) {
        if !all.iter().any(|flow| flow.answers_to(name)) {
            return Err(unknown_flow(&all, name));
        }
    }
    let named = |flow: &Flow, names: &[String]| names.iter().any(|name| flow.answers_to(name));
    let chosen = all.into_iter().filter(|flow| named(flow, names) && (only.is_empty() || named(flow, only)));
    flow::in_order(chosen.collect()).map_err(|circle| {
        let why = message("flow-circle-why").with("flows", circle.join(", "));
        Failure::new(Code::FlowCircle, message("flow-circle-what"), why, message("flow-circle-hint"))
    })
}

pub(crate) fn unknown_preset(name: &str) -> Failure {
    let why = message("preset-unknown-why").with("names", presets::names().join(", "));
    Failure::new(
        Code::UnknownPreset,
        message("preset-unknown-what").with("name", name),
        why,
        message("preset-unknown-hint"),
    )
}

fn unknown_flow(all: &[Flow], name: &str) -> Failure {
    let mut names: Vec<&str> =
        all.iter().flat_map(|flow| flow.groups.iter().chain([&flow.name])).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let near = |known: &&&str| strsim::damerau_levenshtein(known, name);
    let hint = match names.iter().min_by_key(near).filter(|known| near(known) <= 3) {
        Some(nearest) => message("flow-unknown-nearest").with("name", *nearest),
        None => message("flow-unknown-hint"),
    };
    let why = message("flow-unknown-why").with("names", names.join(", "));
    Failure::new(Code::UnknownFlow, message("flow-unknown-what").with("name", name), why, hint)
}

pub(crate) fn read(path: &str, text: &str) -> Result<Flow> {
    flow::read(path, text).map_err(|error| {
        let hint = match &error.nearest {
            Some(nearest) => message("flow-file-nearest").with("name", nearest.as_str()),
            None => message("flow-file-hint"),
        };
        let what =
            message("flow-file-what").with("file", error.file.as_str()).with("line", error.line.to_string());
        Failure::new(Code::FlowFile, what, crate::messages::Message::verbatim(error.what), hint)
    })
}

fn read_folder(folder: &Path, flows: &mut Vec<Flow>) -> Result<()> {
    let failed = |path: &Path, error: &std::io::Error| {
        let why = message("config-read-why").with("file", path).with("reason", error.to_string());
        Failure::new(
            Code::FlowFile,
            message("flow-folder-what").with("folder", folder),
            why,
            message("flow-folder-hint"),
        )
    };
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, &error))?;
    let mut paths: Vec<_> = entries.filter_map(std::result::Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_folder(&path, flows)?;
        } else if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
            flows.push(read(&path.display().to_string(), &text)?);
        }
    }
    Ok(())
}
