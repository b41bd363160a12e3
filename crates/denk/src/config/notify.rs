//! `[notify]`: who is told what is wrong, when, and how.

use notify::{Digest, Level, Quiet, Security};

use super::{Config, Name, Raw, Setting, schema};
use crate::{
    failure::{Code, Failure, Result},
    messages::{Language, message},
};

/// Who is told. **Invariants**: without a way there is nothing to do.
#[derive(Debug)]
pub struct Notify {
    pub language: Option<Language>,
    pub minimum: Level,
    pub quiet: Option<Quiet>,
    /// Of what is wrong with the hub and its PCs.
    pub digest: Digest,
    /// Of what is wrong in the data.
    pub quality: Digest,
    /// Its address and, if there is one, the secret that signs what is sent.
    pub webhook: Option<(String, Option<String>)>,
    pub email: Option<Email>,
}

/// `[notify.email]`. `Debug` shows no password.
pub struct Email {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub login: Option<(String, String)>,
    pub from: String,
    /// Of all regions.
    pub to: Vec<String>,
    /// By region.
    pub regions: Vec<(String, Vec<String>)>,
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Email({}:{})", self.host, self.port)
    }
}

const KEYS: [&str; 8] =
    ["language", "minimum", "quiet", "digest", "quality", "webhook", "webhook_secret", "email"];
const EMAIL: [&str; 8] = ["host", "port", "security", "user", "password", "from", "to", "regions"];

impl Config {
    /// `None`: nobody is told.
    ///
    /// # Errors
    /// `UnknownKey`, `WrongValue`, `SecretMissing`.
    pub fn notify(&self) -> Result<Option<Notify>> {
        for setting in self.settings.under("notify") {
            known(setting)?;
        }
        let webhook = self.secret_of("notify.webhook")?;
        let email = self.email()?;
        if webhook.is_none() && email.is_none() {
            return Ok(None);
        }
        let secret = self.secret_of("notify.webhook_secret")?;
        let language = |code: &str| Language::ALL.into_iter().find(|language| language.code() == code);
        let eight = jiff::civil::Time::constant(8, 0, 0, 0);
        Ok(Some(Notify {
            language: self.read_of("notify.language", "value-language", language)?,
            minimum: self
                .read_of("notify.minimum", "value-notify-minimum", Level::read)?
                .unwrap_or(Level::Warning),
            quiet: self.read_of("notify.quiet", "value-notify-quiet", Quiet::read)?,
            digest: self
                .read_of("notify.digest", "value-notify-digest", Digest::read)?
                .unwrap_or(Digest::AtOnce),
            quality: self
                .read_of("notify.quality", "value-notify-digest", Digest::read)?
                .unwrap_or(Digest::Daily(eight)),
            webhook: webhook.map(|url| (url, secret)),
            email,
        }))
    }

    fn email(&self) -> Result<Option<Email>> {
        if !self
            .settings
            .under("notify")
            .any(|setting| setting.name.parts().get(1).is_some_and(|part| part == "email"))
        {
            return Ok(None);
        }
        let security = |text: &str| match text {
            "starttls" => Some(Security::StartTls),
            "tls" => Some(Security::Tls),
            "none" => Some(Security::None),
            _ => None,
        };
        let security = self.read_of("notify.email.security", "value-notify-security", security)?;
        let security = security.unwrap_or(Security::StartTls);
        let usual = match security {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::None => 25,
        };
        let to = self.people("notify.email.to")?;
        let (user, password) =
            (self.secret_of("notify.email.user")?, self.secret_of("notify.email.password")?);
        let from = self.secret_of("notify.email.from")?.or_else(|| to.first().cloned());
        let mut regions = Vec::new();
        for setting in self.settings.under("notify") {
            if let [_, email, regions_word, region] = setting.name.parts()
                && email == "email"
                && regions_word == "regions"
            {
                regions.push((region.clone(), people_of(setting)?));
            }
        }
        let from = from.or_else(|| regions.first().and_then(|(_, people)| people.first().cloned()));
        Ok(Some(Email {
            host: self.secret_of("notify.email.host")?.ok_or_else(|| missing("notify.email.host"))?,
            port: self.port()?.unwrap_or(usual),
            security,
            login: user.zip(password),
            from: from.ok_or_else(|| missing("notify.email.to"))?,
            to,
            regions,
        }))
    }

    pub(super) fn secret_of(&self, dotted: &str) -> Result<Option<String>> {
        let found = self.settings.get(&Name::of(dotted)).map(|setting| self.resolved(setting)).transpose()?;
        Ok(found.filter(|text| !text.is_empty()))
    }

    fn read_of<T>(&self, dotted: &str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let Some(text) = self.secret_of(dotted)? else { return Ok(None) };
        match (read(&text), self.settings.get(&Name::of(dotted))) {
            (None, Some(setting)) => Err(schema::wrong(&setting.name, &setting.origin, wanted)),
            (value, _) => Ok(value),
        }
    }

    fn port(&self) -> Result<Option<u16>> {
        let Some(setting) = self.settings.get(&Name::of("notify.email.port")) else { return Ok(None) };
        let port = match &setting.raw {
            Raw::Value(toml::Value::Integer(port)) => u16::try_from(*port).ok(),
            Raw::Value(toml::Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let wrong = || schema::wrong(&setting.name, &setting.origin, "value-notify-port");
        port.filter(|port| *port > 0).map(Some).ok_or_else(wrong)
    }

    fn people(&self, dotted: &str) -> Result<Vec<String>> {
        self.settings.get(&Name::of(dotted)).map_or_else(|| Ok(Vec::new()), people_of)
    }
}

/// One address, several with commas between them, or a list.
fn people_of(setting: &Setting) -> Result<Vec<String>> {
    let wrong = || schema::wrong(&setting.name, &setting.origin, "value-notify-people");
    let people: Vec<String> = match &setting.raw {
        Raw::Value(toml::Value::String(text)) => text.split(',').map(|one| one.trim().to_owned()).collect(),
        Raw::Value(toml::Value::Array(all)) => all
            .iter()
            .map(|one| one.as_str().map(|one| one.trim().to_owned()))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    if people.is_empty() || people.iter().any(String::is_empty) { Err(wrong()) } else { Ok(people) }
}

fn known(setting: &Setting) -> Result<()> {
    let siblings: (&str, &[&str]) = match setting.name.parts() {
        [_, key] => (key, &KEYS),
        [_, email, key] if email == "email" => (key, &EMAIL),
        [_, email, regions, _] if email == "email" && regions == "regions" => return Ok(()),
        _ => (setting.name.last(), &KEYS),
    };
    if siblings.1.contains(&siblings.0) {
        return Ok(());
    }
    Err(schema::unknown(&setting.name, &setting.origin, siblings.1))
}

fn missing(dotted: &str) -> Failure {
    let why = message("notify-missing").with("name", dotted);
    Failure::new(Code::WrongValue, message("config-what"), why, message("notify-missing-hint"))
}
