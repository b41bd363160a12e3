//! Settings by name, in layers, each with its origin.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{Origin, Variables, redact};
use crate::{
    failure::{Code, Failure, Result},
    messages::message,
};

/// A setting's full name: `databases.erp.url`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(Vec<String>);

/// What a setting holds. `Debug` shows no text: any text may be a secret.
#[derive(Clone, PartialEq)]
pub enum Raw {
    Value(toml::Value),
    Reference(Reference),
}

/// Where a secret lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `{ env = "NAME" }`
    Environment(String),
    /// `{ file = "PATH" }`
    File(PathBuf),
}

/// One value of the configuration.
#[derive(Clone, PartialEq)]
pub struct Setting {
    pub name: Name,
    pub raw: Raw,
    pub origin: Origin,
}

/// All settings, in order of name.
#[derive(Clone, Debug, Default)]
pub struct Settings(Vec<Setting>);

impl Name {
    pub fn new<S: Into<String>>(parts: impl IntoIterator<Item = S>) -> Self {
        Self(parts.into_iter().map(Into::into).collect())
    }

    /// From `a.b.c`, for names that stand in the program.
    pub(crate) fn of(dotted: &str) -> Self {
        Self::new(dotted.split('.'))
    }

    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    #[must_use]
    pub fn with(&self, part: &str) -> Self {
        Self(self.0.iter().cloned().chain([part.to_owned()]).collect())
    }

    #[must_use]
    pub fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// Whether `other` is this name or lies under it.
    fn holds(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Whether a setting of this name makes one of a layer below meaningless: a password belongs to its address, and
    /// flows come from one place.
    fn excludes(&self, below: &Self) -> bool {
        let source = |name: &Self| ["flows.preset", "flows.folder"].contains(&name.to_string().as_str());
        let address = self.last() == "url" && self.database().is_some();
        address && self.database() == below.database() || source(self) && source(below)
    }

    /// The name of `databases.X`, for `databases.X.url`.
    fn database(&self) -> Option<&str> {
        match self.0.as_slice() {
            [section, name, _] if section == "databases" => Some(name),
            _ => None,
        }
    }
}

/// As people write it: `databases.erp` for `databases.erp.url`, which is the same setting.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.0.as_slice() {
            [section, _, last] if section == "databases" && last == "url" => &self.0[..2],
            all => all,
        };
        let bare = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        };
        for (place, part) in shown.iter().enumerate() {
            f.write_str(if place > 0 { "." } else { "" })?;
            if bare(part) { f.write_str(part)? } else { write!(f, "{part:?}")? }
        }
        Ok(())
    }
}

impl Setting {
    pub fn new(name: Name, raw: Raw, origin: Origin) -> Self {
        Self { name, raw, origin }
    }

    /// A text value.
    pub fn text(name: Name, text: impl Into<String>, origin: Origin) -> Self {
        Self::new(name, Raw::Value(toml::Value::String(text.into())), origin)
    }

    /// The value without secrets, as TOML writes it; texts bare.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.raw {
            Raw::Value(value) => redact::value(self.name.last(), value),
            Raw::Reference(_) => redact::HIDDEN.to_owned(),
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({:?})", self.name, self.shown(), self.origin)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{}", value.type_str()),
            Self::Reference(reference) => write!(f, "{reference:?}"),
        }
    }
}

impl Settings {
    /// Lays a layer over the ones before it.
    pub fn lay(&mut self, layer: Vec<Setting>) {
        for setting in &layer {
            let name = &setting.name;
            let gone = |below: &Name| name.holds(below) || below.holds(name) || name.excludes(below);
            self.0.retain(|below| !gone(&below.name));
        }
        self.0.extend(layer);
        self.0.sort_by(|a, b| a.name.cmp(&b.name));
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Setting> {
        self.0.iter()
    }

    /// Whether some secret lies in this variable.
    pub(super) fn refer_to(&self, variable: &str) -> bool {
        let refers =
            |raw: &Raw| matches!(raw, Raw::Reference(Reference::Environment(name)) if name == variable);
        self.0.iter().any(|setting| refers(&setting.raw))
    }

    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&Setting> {
        self.0.iter().find(|setting| setting.name == *name)
    }

    /// The settings whose names begin with this part.
    pub fn under<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Setting> {
        self.0
            .iter()
            .filter(move |setting| setting.name.parts().first().is_some_and(|first| first == section))
    }
}

/// The secret that a reference leads to. A file's last line end does not belong to the secret.
///
/// # Errors
/// `SecretMissing`, without the place that holds the reference.
pub(super) fn secret(reference: &Reference, variables: &Variables, folder: &Path) -> Result<String> {
    let missing =
        |why| Failure::new(Code::SecretMissing, message("config-what"), why, message("secret-hint"));
    match reference {
        Reference::Environment(name) => match variables.get(name) {
            Some((value, _)) => Ok(value.to_owned()),
            None => Err(missing(message("secret-env-missing").with("name", name.as_str()))),
        },
        Reference::File(path) => {
            let path = super::seen_from(folder, path);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                missing(
                    message("secret-file-missing")
                        .with("file", path.as_path())
                        .with("reason", error.to_string()),
                )
            })?;
            Ok(text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']).to_owned())
        }
    }
}
