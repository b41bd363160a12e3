//! Which settings there are, their defaults and their meaning: the one place to add one.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use hub::IpNet;
use model::Zone;
use tracing::level_filters::LevelFilter;

use super::{
    Backup, CopyTo, DEFAULT_ZONE, FlowSource, Flows, Hub, Log, Name, Origin, Raw, Setting, Settings,
};
use crate::{
    failure::{Code, Failure, Result},
    log,
    messages::{Chosen, Language, message},
};

/// Names at the top.
const TOP: [&str; 10] =
    ["language", "zone", "hub", "databases", "flows", "mikro", "schedule", "feed", "notify", "log"];

/// Sections whose settings are kept as they stand.
const RAW: [&str; 4] = ["mikro", "schedule", "feed", "notify"];

const HUB: [&str; 16] = [
    "listen",
    "public_url",
    "company",
    "logo",
    "database",
    "preset",
    "api_key",
    "behind_proxy",
    "proxies",
    "certificate",
    "private_key",
    "upload_mb_max",
    "session_idle",
    "session_max",
    "backup",
    "metrics_token",
];
const BACKUP: [&str; 8] =
    ["every", "keep", "folder", "copy_to", "copy_host_key", "copy_key", "copy_passphrase", "copy_password"];
const FLOWS: [&str; 4] = ["preset", "folder", "batch_rows", "retries"];
const LOG: [&str; 3] = ["level", "format", "folder"];
const DATABASE: [&str; 2] = ["url", "password"];

/// Each file takes some twenty times its size in memory while it is merged. **Units**: MB.
const UPLOAD_MB_MAX: i64 = 1024;
/// More backups than that are a misunderstanding.
const KEEP_MAX: i64 = 10_000;
/// Most rows of a batch that make sense. **Units**: rows.
const BATCH_ROWS_MAX: i64 = 1_000_000;

/// Values of settings that nobody gave.
pub(super) fn defaults() -> Vec<Setting> {
    let default = |name, value: &str| Setting::text(Name::of(name), value, Origin::Default);
    vec![
        default("zone", DEFAULT_ZONE),
        default("hub.listen", "127.0.0.1:8787"),
        default("hub.preset", "rainstaff"),
        default("hub.upload_mb_max", "64"),
        default("hub.session_idle", "12h"),
        default("hub.session_max", "7d"),
        default("hub.backup.every", "6h"),
        default("hub.backup.keep", "28"),
        default("hub.backup.folder", "backups"),
        default("log.level", "info"),
        default("log.format", "text"),
        default("log.folder", "logs"),
    ]
}

/// Whether there is a setting or section of this name; `is_table`: what stands there is a table.
///
/// # Errors
/// `UnknownKey` with the nearest name, `WrongValue` when a section is no table.
pub(super) fn known(name: &Name, is_table: bool, origin: &Origin) -> Result<()> {
    let (part, siblings): (&str, &[&str]) = match name.parts() {
        [top] => (top, &TOP),
        [section, key] if section == "hub" => (key, &HUB),
        [section, key] if section == "flows" => (key, &FLOWS),
        [section, key] if section == "log" => (key, &LOG),
        [section, below, key] if section == "hub" && below == "backup" => (key, &BACKUP),
        [section, _, key] if section == "databases" => (key, &DATABASE),
        _ => return Ok(()),
    };
    if !siblings.contains(&part) {
        return Err(unknown(name, origin, siblings));
    }
    let section = name.parts().len() == 1 && !["language", "zone"].contains(&part) || part == "backup";
    if section && !is_table { Err(wrong(name, origin, "value-section")) } else { Ok(()) }
}

/// `databases.X` and `databases.X.url` are the same setting.
pub(super) fn canonical(name: Name) -> Name {
    match name.parts() {
        [section, _] if section == "databases" => name.with("url"),
        _ => name,
    }
}

pub(super) fn unknown(name: &Name, origin: &Origin, siblings: &[&str]) -> Failure {
    let why = message("config-unknown-key").with("place", origin.spot()).with("name", name.to_string());
    let hint = match nearest(name.last(), siblings) {
        Some(near) => message("config-nearest-hint").with("name", near),
        None => message("config-known-hint").with("names", siblings.join(", ")),
    };
    Failure::new(Code::UnknownKey, message("config-what"), why, hint)
}

/// The most similar of the names, if one is similar at all.
pub(crate) fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    let scored = names.iter().map(|known| (strsim::damerau_levenshtein(&name, known), *known));
    let (distance, near) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + near.len() / 4).then_some(near)
}

/// A value that means nothing there; `wanted` is the key of the text that says what would.
pub(super) fn wrong(name: &Name, origin: &Origin, wanted: &str) -> Failure {
    let why = message("config-wrong-value").with("place", origin.spot()).with("name", name.to_string());
    Failure::new(Code::WrongValue, message("config-what"), why, message(wanted))
}

/// Checks one setting by itself, where it stands.
///
/// # Errors
/// `WrongValue`.
pub(super) fn check(setting: &Setting) -> Result<()> {
    let Setting { name, raw, origin } = setting;
    let section = name.parts().first().map_or("", String::as_str);
    match raw {
        _ if RAW.contains(&section) => Ok(()),
        Raw::Value(toml::Value::Boolean(_)) if name.last() == "behind_proxy" => Ok(()),
        Raw::Reference(_) | Raw::Value(toml::Value::String(_)) => one(setting),
        Raw::Value(toml::Value::Integer(_))
            if ["batch_rows", "retries", "upload_mb_max", "keep"].contains(&name.last()) =>
        {
            one(setting)
        }
        Raw::Value(_) => Err(wrong(name, origin, wanted(name))),
    }
}

/// Reads the setting alone, as if nothing else were configured.
fn one(setting: &Setting) -> Result<()> {
    let mut settings = Settings::default();
    settings.lay(vec![setting.clone()]);
    language(&settings)?;
    zone(&settings)?;
    log(&settings)?;
    hub(&settings)?;
    flows(&settings).map(|_| ())
}

/// The text that says what a setting takes.
fn wanted(name: &Name) -> &'static str {
    match name.to_string().as_str() {
        "language" => "value-language",
        "zone" => "value-zone",
        "log.level" => "value-log-level",
        "log.format" => "value-log-format",
        "hub.listen" => "value-listen",
        "hub.public_url" => "value-public-url",
        "hub.behind_proxy" => "value-bool",
        "hub.proxies" => "value-proxies",
        "hub.upload_mb_max" => "value-upload-mb",
        "hub.database" => "value-database",
        "hub.backup" => "value-section",
        "hub.session_idle" | "hub.session_max" => "value-duration",
        "hub.backup.every" => "value-every",
        "hub.backup.keep" => "value-keep",
        "hub.backup.copy_to" => "value-copy-to",
        "hub.backup.copy_host_key" => "value-host-key",
        "flows.batch_rows" => "value-batch-rows",
        "flows.retries" => "value-retries",
        dotted if dotted.starts_with("databases.") => "value-database",
        _ => "value-text",
    }
}

/// The text of a setting.
///
/// # Errors
/// `WrongValue` when it is no text.
pub(super) fn text(settings: &Settings, dotted: &str) -> Result<Option<String>> {
    let Some(setting) = settings.get(&Name::of(dotted)) else { return Ok(None) };
    match &setting.raw {
        Raw::Value(toml::Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
        _ => Err(wrong(&setting.name, &setting.origin, wanted(&setting.name))),
    }
}

/// What `read` makes of a setting's text.
fn read<T>(settings: &Settings, dotted: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
    let Some(text) = text(settings, dotted)? else { return Ok(None) };
    match (read(&text), settings.get(&Name::of(dotted))) {
        (None, Some(setting)) => Err(wrong(&setting.name, &setting.origin, wanted(&setting.name))),
        (value, _) => Ok(value),
    }
}

pub(super) fn language(settings: &Settings) -> Result<Option<Chosen>> {
    let exactly = |code: &str| Language::ALL.into_iter().find(|language| language.code() == code);
    let language = read(settings, "language", exactly)?;
    let setting = settings.get(&Name::of("language"));
    Ok(language.zip(setting).map(|(language, setting)| Chosen { language, origin: setting.origin.clone() }))
}

pub(super) fn zone(settings: &Settings) -> Result<Zone> {
    Ok(read(settings, "zone", Zone::named)?.unwrap_or_else(Zone::utc))
}

pub(super) fn log(settings: &Settings) -> Result<Log> {
    let format = |name: &str| match name {
        "text" => Some(log::Format::Text),
        "json" => Some(log::Format::Json),
        _ => None,
    };
    Ok(Log {
        level: read(settings, "log.level", log::level)?.unwrap_or(LevelFilter::INFO),
        format: read(settings, "log.format", format)?.unwrap_or(log::Format::Text),
        folder: text(settings, "log.folder")?.unwrap_or_default().into(),
    })
}

pub(super) fn hub(settings: &Settings) -> Result<Hub> {
    let path = |name| Ok::<_, Failure>(text(settings, name)?.map(PathBuf::from));
    let upload_mb =
        number(settings, "hub.upload_mb_max", UPLOAD_MB_MAX)?.and_then(|mb| u64::try_from(mb).ok());
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 8787));
    let (certificate, private_key) = (path("hub.certificate")?, path("hub.private_key")?);
    if certificate.is_some() != private_key.is_some() {
        let given = if certificate.is_some() { "certificate" } else { "private_key" };
        return Err(half_certificate(settings, given));
    }
    Ok(Hub {
        listen: read(settings, "hub.listen", |text| text.parse().ok())?.unwrap_or(nowhere),
        public_url: read(settings, "hub.public_url", base_url)?,
        company: text(settings, "hub.company")?,
        logo: path("hub.logo")?,
        preset: text(settings, "hub.preset")?.unwrap_or_default(),
        behind_proxy: boolean(settings, "hub.behind_proxy")?,
        proxies: read(settings, "hub.proxies", proxies)?.unwrap_or_default(),
        certificate,
        private_key,
        sessions: sessions(settings)?,
        backup: backup(settings)?,
        upload_bytes_max: upload_mb.map_or(store::Settings::UPLOAD_BYTES_MAX, |mb| mb << 20),
    })
}

fn sessions(settings: &Settings) -> Result<store::Lifetime> {
    let usual = store::Lifetime::default();
    Ok(store::Lifetime {
        idle: read(settings, "hub.session_idle", duration)?.unwrap_or(usual.idle),
        whole: read(settings, "hub.session_max", duration)?.unwrap_or(usual.whole),
    })
}

fn backup(settings: &Settings) -> Result<Backup> {
    let folder = |name| Ok::<_, Failure>(text(settings, name)?.map(PathBuf::from));
    let keep = number(settings, "hub.backup.keep", KEEP_MAX)?.and_then(|keep| usize::try_from(keep).ok());
    Ok(Backup {
        every: read(settings, "hub.backup.every", every)?.flatten(),
        keep: keep.unwrap_or(1),
        folder: folder("hub.backup.folder")?.unwrap_or_default(),
        copy_to: read(settings, "hub.backup.copy_to", copy_to)?,
        copy_host_key: read(settings, "hub.backup.copy_host_key", fingerprint)?,
    })
}

/// `/mnt/other/denk`, `sftp://user@host:port/folder`.
fn copy_to(text: &str) -> Option<CopyTo> {
    if sftp::Address::is_meant(text) {
        sftp::Address::read(text).map(CopyTo::Server)
    } else {
        Some(CopyTo::Folder(text.into()))
    }
}

fn fingerprint(text: &str) -> Option<String> {
    sftp::is_fingerprint(text).then(|| text.to_owned())
}

/// Networks that can be named, as they are written out. A provider's balancers have addresses of a private network; the ones of
/// Cloudflare are those that it publishes (<https://www.cloudflare.com/ips/>).
const NETWORKS: [(&str, &str); 2] = [
    ("private", include_str!("networks/private.txt")),
    ("cloudflare", include_str!("networks/cloudflare.txt")),
];

/// `10.0.0.1`, `10.0.0.0/8, fd00::/8`, `private, cloudflare`.
fn proxies(text: &str) -> Option<Vec<IpNet>> {
    let net = |text: &str| text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)));
    let mut all = Vec::new();
    for part in text.split(',').map(str::trim) {
        match NETWORKS.iter().find(|(name, _)| *name == part) {
            Some((_, nets)) => all.extend(nets.lines().map(net).collect::<Option<Vec<_>>>()?),
            None => all.push(net(part)?),
        }
    }
    Some(all)
}

/// `90s`, `30m`, `6h`, `1d`; `never`.
fn every(text: &str) -> Option<Option<Duration>> {
    if text == "never" { Some(None) } else { duration(text).map(Some) }
}

/// `90s`, `30m`, `6h`, `1d`.
fn duration(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let seconds = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let number: u64 = digits.trim().parse().ok().filter(|number| (1..=1000).contains(number))?;
    Some(Duration::from_secs(number * seconds))
}

fn half_certificate(settings: &Settings, given: &str) -> Failure {
    let lacks = if given == "certificate" { "private_key" } else { "certificate" };
    let setting = settings.get(&Name::new(["hub", given]));
    let place = setting.map_or(Origin::Default, |setting| setting.origin.clone());
    let why = message("config-half-certificate").with("place", place.spot());
    let why = why.with("given", given).with("lacks", lacks);
    Failure::new(Code::SettingsConflict, message("config-what"), why, message("config-half-certificate-hint"))
}

/// `https://host`, with a port if there is one, without a path.
fn base_url(text: &str) -> Option<String> {
    let base = text.trim_end_matches('/');
    let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"))?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || "/?#@\\".contains(c);
    (!host.is_empty() && !host.contains(odd)).then(|| base.to_owned())
}

/// `true` or `false`, as such or (from the environment) as text; `false` when nobody says.
fn boolean(settings: &Settings, dotted: &str) -> Result<bool> {
    let Some(setting) = settings.get(&Name::of(dotted)) else { return Ok(false) };
    let said = match &setting.raw {
        Raw::Value(toml::Value::Boolean(said)) => Some(*said),
        Raw::Value(toml::Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    said.ok_or_else(|| wrong(&setting.name, &setting.origin, wanted(&setting.name)))
}

pub(super) fn flows(settings: &Settings) -> Result<Flows> {
    let preset = text(settings, "flows.preset")?;
    let folder = text(settings, "flows.folder")?;
    if preset.is_some() && folder.is_some() {
        return Err(both_sources(settings));
    }
    let folder = folder.map(|folder| FlowSource::Folder(folder.into()));
    let batch_rows = number(settings, "flows.batch_rows", BATCH_ROWS_MAX)?;
    let retries = number(settings, "flows.retries", 1000)?;
    Ok(Flows {
        source: preset.map(FlowSource::Preset).or(folder),
        batch_rows: batch_rows.and_then(|rows| usize::try_from(rows).ok()),
        retries: retries.and_then(|retries| u32::try_from(retries).ok()),
    })
}

fn both_sources(settings: &Settings) -> Failure {
    let place =
        settings.get(&Name::of("flows.folder")).map_or(Origin::Default, |setting| setting.origin.clone());
    let why = message("config-flows-both").with("place", place.spot());
    Failure::new(Code::SettingsConflict, message("config-what"), why, message("config-flows-both-hint"))
}

/// A whole number from 1 to `max`, as a number or (from the environment) as text.
fn number(settings: &Settings, dotted: &str, max: i64) -> Result<Option<i64>> {
    let Some(setting) = settings.get(&Name::of(dotted)) else { return Ok(None) };
    let number = match &setting.raw {
        Raw::Value(toml::Value::Integer(number)) => Some(*number),
        Raw::Value(toml::Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    match number.filter(|number| (1..=max).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(wrong(&setting.name, &setting.origin, wanted(&setting.name))),
    }
}
