//! `[databases]`: names -> addresses, with their passwords put in at the last moment.

use ::database::{Address, AddressError, Engine};

use super::{Config, Name, Origin, Raw, Setting, seen_from, settings::secret};
use crate::{
    failure::{Code, Failure, Result},
    messages::{Message, message},
};

impl Config {
    /// Names of the configured databases, in order.
    #[must_use]
    pub fn database_names(&self) -> Vec<&str> {
        let names = self.settings.under("databases").filter_map(|setting| setting.name.parts().get(1));
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.dedup();
        names
    }

    /// The address of a configured database, with its password. SQLite files are relative to the configuration.
    ///
    /// # Errors
    /// `DatabaseNotConfigured`; `SecretMissing`; `WrongAddress`. None shows a secret.
    pub fn database(&self, name: &str) -> Result<Address> {
        let Some(setting) = self.part(name, "url") else { return Err(self.not_configured(name)) };
        let text = self.resolved(setting)?;
        let mut address = text;
        if let Some(password) = self.part(name, "password") {
            address = with_password(&address, &self.resolved(password)?);
        }
        let address =
            address.parse().map_err(|error| wrong_address(&error, &setting.name, &setting.origin))?;
        Ok(self.absolute(address))
    }

    /// Where the hub's store is, if the configuration says it.
    ///
    /// # Errors
    /// `SecretMissing`; `WrongAddress`. None shows a secret.
    pub fn hub_database(&self) -> Result<Option<Address>> {
        let Some(setting) = self.settings.get(&Name::of("hub.database")) else { return Ok(None) };
        let address = self.resolved(setting)?.parse();
        let address = address.map_err(|error| wrong_address(&error, &setting.name, &setting.origin))?;
        Ok(Some(self.absolute(address)))
    }

    /// The one key that all old programs share, if there is one.
    ///
    /// # Errors
    /// `SecretMissing`.
    pub fn hub_api_key(&self) -> Result<Option<String>> {
        self.settings.get(&Name::of("hub.api_key")).map(|setting| self.resolved(setting)).transpose()
    }

    /// What opens the hub's metrics from other machines, if anything does.
    ///
    /// # Errors
    /// `SecretMissing`.
    pub fn hub_metrics_token(&self) -> Result<Option<String>> {
        self.settings.get(&Name::of("hub.metrics_token")).map(|setting| self.resolved(setting)).transpose()
    }

    /// Checks what can be checked without secrets.
    pub(super) fn check_database(&self, name: &str) -> Result<()> {
        let Some(setting) = self.part(name, "url") else { return Err(self.without_address(name)) };
        let Raw::Value(toml::Value::String(text)) = &setting.raw else { return Ok(()) };
        text.trim()
            .parse::<Address>()
            .map_err(|error| wrong_address(&error, &setting.name, &setting.origin))?;
        Ok(())
    }

    fn part(&self, name: &str, part: &str) -> Option<&Setting> {
        self.settings.get(&Name::new(["databases", name, part]))
    }

    pub(super) fn resolved(&self, setting: &Setting) -> Result<String> {
        match &setting.raw {
            Raw::Value(toml::Value::String(text)) => Ok(text.trim().to_owned()),
            Raw::Value(_) => Err(super::schema::wrong(&setting.name, &setting.origin, "value-database")),
            Raw::Reference(reference) => {
                let failed = |failure: Failure| {
                    let what = message("secret-what").with("name", setting.name.to_string());
                    failure.what(what.with("place", setting.origin.spot()))
                };
                secret(reference, &self.variables, &self.folder).map_err(failed)
            }
        }
    }

    /// A database of which only a password is known.
    fn without_address(&self, name: &str) -> Failure {
        let origin = self.part(name, "password").map_or(Origin::Default, |setting| setting.origin.clone());
        let why = message("address-missing").with("place", origin.spot()).with("name", name);
        Failure::new(Code::WrongAddress, message("config-what"), why, message("address-hint"))
    }

    fn absolute(&self, address: Address) -> Address {
        match address.engine() {
            Engine::Sqlite => Address::sqlite(seen_from(&self.folder, address.path())),
            _ => address,
        }
    }

    fn not_configured(&self, name: &str) -> Failure {
        let what = message("database-not-configured").with("name", name);
        let names = self.database_names();
        let has_address = |name: &&&str| self.part(name, "url").is_some();
        let names: Vec<&str> = names.iter().filter(has_address).copied().collect();
        let why = match &self.file {
            _ if !names.is_empty() => message("databases-are").with("names", names.join(", ")),
            Some(file) => message("databases-none").with("file", file.as_path()),
            None => message("databases-no-file").with("folder", self.folder.as_path()),
        };
        Failure::new(
            Code::DatabaseNotConfigured,
            what,
            why,
            message("database-not-configured-hint").with("name", name),
        )
    }
}

/// Not the error's own words: they may quote the address, and what stands there may be a misplaced password.
pub(crate) fn address_reason(error: &AddressError) -> Message {
    match error {
        AddressError::Scheme(_) => message("address-scheme"),
        AddressError::Url(reason) => message("address-url").with("reason", reason.as_str()),
        AddressError::Unescaped => message("address-unescaped"),
        AddressError::NoDatabase => message("address-no-database"),
        AddressError::NoFile => message("address-no-file"),
    }
}

fn wrong_address(error: &AddressError, name: &Name, origin: &Origin) -> Failure {
    let reason = address_reason(error);
    let why = message("address-why").with("place", origin.spot()).with("name", name.to_string());
    Failure::new(
        Code::WrongAddress,
        message("config-what"),
        why.with("reason", reason),
        message("address-hint"),
    )
}

/// The address with this password in place of its own, escaped. An address without a server stays as it is.
fn with_password(address: &str, password: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = login.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:{}@{host}{path}", escaped(password))
}

/// Text as a part of a URL.
pub(super) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_password_arrives_as_it_is(password in "\\PC{1,40}", user in "\\PC{1,20}") {
            let address = format!("mssql://{}:old@host:1433/db?encrypt=true", escaped(&user));
            let address: Address = with_password(&address, &password).parse().unwrap();
            prop_assert_eq!(address.password(), Some(password));
            prop_assert_eq!(address.user(), Some(user));
            prop_assert_eq!((address.host(), address.port(), address.database()), ("host", 1433, "db".to_owned()));
        }
    }
}
