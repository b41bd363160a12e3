//! The variables of the programs that denk replaces -> denk's settings.
//!
//! Passwords become references to their variables, so that nothing here ever copies one.

use super::{Name, Origin, Raw, Reference, Setting, Variables, database::escaped};
use crate::messages::{Message, message};

/// What the old names gave.
#[derive(Clone, Debug, Default)]
pub struct Old {
    pub settings: Vec<Setting>,
    pub taken: Vec<Taken>,
    pub set_aside: Vec<SetAside>,
}

/// A variable that became (part of) a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub variable: String,
    pub setting: Name,
}

/// A variable that was found and not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    pub variable: String,
    pub origin: Origin,
    pub why: Message,
}

/// Variable -> setting, one to one.
const PLAIN: [(&str, &str, Reading); 14] = [
    ("API_KEY", "hub.api_key", Reading::Secret),
    ("PORT", "hub.listen", Reading::Port),
    ("BATCH_SIZE", "flows.batch_rows", Reading::Number(1_000_000)),
    ("MAX_RETRY_COUNT", "flows.retries", Reading::Number(1000)),
    ("LOG_LEVEL", "log.level", Reading::Level),
    ("SYNC_INTERVAL_MS", "schedule.erp-to-web", Reading::Milliseconds),
    ("STOCK_XML_SYNC_INTERVAL_MIN", "schedule.stock-xml", Reading::Minutes),
    ("FTP_XML_NAME", "feed.file", Reading::Text),
    ("WEB_URL", "feed.web_url", Reading::Text),
    ("SSH_HOST", "feed.upload.host", Reading::Text),
    ("SSH_PORT", "feed.upload.port", Reading::Number(65_535)),
    ("SSH_USER", "feed.upload.user", Reading::Text),
    ("SSH_PRIVATE_KEY_PATH", "feed.upload.key", Reading::File),
    ("SSH_REMOTE_PATH", "feed.upload.folder", Reading::Text),
];

/// Variables that mean nothing to denk, and the text that says why.
const NOT_NEEDED: [(&str, &str); 6] = [
    ("PG_MAX_CONNECTIONS", "old-pool"),
    ("PG_IDLE_TIMEOUT", "old-pool"),
    ("PG_CONNECTION_TIMEOUT", "old-pool"),
    ("MSSQL_DOMAIN", "old-windows-login"),
    ("MSSQL_WINDOWS_USER", "old-windows-login"),
    ("MSSQL_WINDOWS_PASSWORD", "old-windows-login"),
];

/// How a variable's text becomes a value.
#[derive(Clone, Copy)]
enum Reading {
    Text,
    Secret,
    File,
    Number(i64),
    Port,
    Level,
    Milliseconds,
    Minutes,
}

/// The variables that make up one database.
struct Server {
    name: &'static str,
    scheme: &'static str,
    prefix: &'static str,
    host: &'static str,
    port: u16,
}

const SERVERS: [Server; 2] = [
    Server { name: "erp", scheme: "mssql", prefix: "MSSQL_", host: "SERVER", port: 1433 },
    Server { name: "web", scheme: "postgres", prefix: "PG_", host: "HOST", port: 5432 },
];

/// Reads every old name that is set.
#[must_use]
pub fn read(variables: &Variables) -> Old {
    let mut old = Old::default();
    for server in &SERVERS {
        old.server(server, variables);
    }
    for (variable, setting, reading) in PLAIN {
        old.plain(variable, &Name::of(setting), reading, variables);
    }
    old.hours(variables);
    for (variable, why) in NOT_NEEDED {
        old.set_aside(variable, message(why), variables);
    }
    old
}

impl Old {
    fn take(&mut self, variable: &str, setting: &Name) {
        self.taken.push(Taken { variable: variable.to_owned(), setting: setting.clone() });
    }

    /// Notes a variable as not used, if it is set.
    fn set_aside(&mut self, variable: &str, why: Message, variables: &Variables) {
        if let Some((_, origin)) = variables.get(variable) {
            self.set_aside.push(SetAside { variable: variable.to_owned(), origin, why });
        }
    }

    fn plain(&mut self, variable: &str, name: &Name, reading: Reading, variables: &Variables) {
        let Some((text, origin)) = variables.get(variable) else { return };
        match raw(reading, variable, text.trim()) {
            Some(raw) => {
                self.settings.push(Setting::new(name.clone(), raw, origin));
                self.take(variable, name);
            }
            None => self.set_aside(variable, message("old-not-understood"), variables),
        }
    }

    /// The hours at which the feed was made, where a schedule was asked for: they win over the interval.
    fn hours(&mut self, variables: &Variables) {
        const HOURS: &str = "STOCK_XML_HOURS";
        let wanted = variables.get("STOCK_XML_SCHEDULED").is_some_and(|(flag, _)| is_true(flag));
        let name = Name::of("schedule.stock-xml");
        let Some((hours, origin)) = variables.get(HOURS) else {
            return self.set_aside("STOCK_XML_SCHEDULED", message("old-no-hours"), variables);
        };
        if !wanted {
            self.set_aside("STOCK_XML_SCHEDULED", message("old-hours-off"), variables);
            return self.set_aside(HOURS, message("old-hours-off"), variables);
        }
        let hours: Vec<&str> = hours.split(',').map(str::trim).collect();
        if !hours.iter().all(|hour| hour.parse::<u8>().is_ok_and(|hour| hour < 24)) {
            return self.set_aside(HOURS, message("old-not-understood"), variables);
        }
        let schedule = Setting::text(name.clone(), format!("0 {} * * *", hours.join(",")), origin);
        self.settings.retain(|setting| setting.name != name);
        self.settings.push(schedule);
        self.take("STOCK_XML_SCHEDULED", &name);
        self.take(HOURS, &name);
    }

    fn server(&mut self, server: &Server, variables: &Variables) {
        let full = |part: &str| format!("{}{part}", server.prefix);
        let get = |part: &str| variables.get(&full(part)).map(|(text, _)| text.trim());
        let url = Name::new(["databases", server.name, "url"]);
        let parts = [
            server.host,
            "DATABASE",
            "PORT",
            "USER",
            "PASSWORD",
            "ENCRYPT",
            "TRUST_SERVER_CERTIFICATE",
            "SSL",
        ];
        let (Some((host, origin)), Some(database)) = (variables.get(&full(server.host)), get("DATABASE"))
        else {
            let why = message("old-incomplete")
                .with("names", format!("{}, {}", full(server.host), full("DATABASE")));
            return parts.iter().for_each(|part| self.set_aside(&full(part), why.clone(), variables));
        };
        let (host, port) = host_and_port(host.trim(), get("PORT"), server.port);
        if host.instance {
            self.set_aside(&full(server.host), message("old-instance"), variables);
        }
        let user = get("USER").map(|user| format!("{}@", escaped(user))).unwrap_or_default();
        let options = if server.scheme == "mssql" { mssql_options(&get) } else { postgres_options(&get) };
        let address =
            format!("{}://{user}{}:{port}/{}{options}", server.scheme, host.name, escaped(database));
        self.settings.push(Setting::text(url.clone(), address, origin));
        let password = Name::new(["databases", server.name, "password"]);
        let with_password = get("USER").is_some() && get("PASSWORD").is_some();
        for part in parts.iter().filter(|part| get(part).is_some() && (with_password || **part != "PASSWORD"))
        {
            self.take(&full(part), if *part == "PASSWORD" { &password } else { &url });
        }
        if let Some((_, origin)) = variables.get(&full("PASSWORD")).filter(|_| with_password) {
            let reference = Raw::Reference(Reference::Environment(full("PASSWORD")));
            self.settings.push(Setting::new(password.clone(), reference, origin));
        } else {
            self.set_aside(
                &full("PASSWORD"),
                message("old-incomplete").with("names", full("USER")),
                variables,
            );
        }
    }
}

fn raw(reading: Reading, variable: &str, text: &str) -> Option<Raw> {
    let string = |text: String| Some(Raw::Value(toml::Value::String(text)));
    match reading {
        Reading::Text => string(text.to_owned()),
        Reading::Secret => Some(Raw::Reference(Reference::Environment(variable.to_owned()))),
        Reading::File => Some(Raw::Reference(Reference::File(text.into()))),
        Reading::Number(max) => Some(Raw::Value(toml::Value::Integer(whole(text, max)?))),
        Reading::Port => string(format!("0.0.0.0:{}", whole(text, 65_535)?)),
        Reading::Level => string(level(text)?.to_owned()),
        Reading::Milliseconds => string(every_ms(whole(text, i64::from(u32::MAX))?)),
        Reading::Minutes => string(format!("every {}m", whole(text, 1_000_000)?)),
    }
}

fn whole(text: &str, max: i64) -> Option<i64> {
    text.parse().ok().filter(|number| (1..=max).contains(number))
}

fn every_ms(ms: i64) -> String {
    match ms {
        _ if ms % 60_000 == 0 => format!("every {}m", ms / 60_000),
        _ if ms % 1000 == 0 => format!("every {}s", ms / 1000),
        _ => format!("every {ms}ms"),
    }
}

/// The old programs' levels have names of their own below `info`.
fn level(text: &str) -> Option<&'static str> {
    Some(match text.to_lowercase().as_str() {
        "error" => "error",
        "warn" | "warning" => "warn",
        "info" => "info",
        "http" | "verbose" | "debug" => "debug",
        "silly" | "trace" => "trace",
        _ => return None,
    })
}

fn is_true(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "true" | "1" | "yes")
}

struct Host {
    name: String,
    /// Whether an instance was named, which the port makes superfluous.
    instance: bool,
}

/// `host`, `host,port`, `host\instance`, as SQL Server's programs write them.
fn host_and_port(host: &str, port: Option<&str>, default: u16) -> (Host, String) {
    let (host, own_port) =
        host.split_once(',').map_or((host, None), |(host, port)| (host, Some(port.trim())));
    let (name, instance) =
        host.split_once('\\').map_or((host, None), |(host, instance)| (host, Some(instance)));
    let name = match name.trim() {
        "." | "(local)" => "localhost".to_owned(),
        name if name.contains(':') && !name.starts_with('[') => format!("[{name}]"),
        name => name.to_owned(),
    };
    let port = own_port.or(port).map_or_else(|| default.to_string(), str::to_owned);
    (Host { name, instance: instance.is_some() }, port)
}

fn mssql_options<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> String {
    let encrypt = get("ENCRYPT").is_some_and(is_true);
    match get("TRUST_SERVER_CERTIFICATE") {
        Some(trust) => format!("?encrypt={encrypt}&trust_server_certificate={}", is_true(trust)),
        None => format!("?encrypt={encrypt}"),
    }
}

/// The old programs asked for encryption without looking at the certificate: `require` is that.
fn postgres_options<'a>(get: &impl Fn(&str) -> Option<&'a str>) -> String {
    let mode = if get("SSL").is_some_and(is_true) { "require" } else { "disable" };
    format!("?sslmode={mode}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    fn read_from(variables: &[(&str, &str)]) -> Old {
        read(&Variables::of_process(&Environment::new(variables.iter().copied(), "/")))
    }

    fn shown(old: &Old) -> String {
        let settings = old.settings.iter().map(|s| match &s.raw {
            Raw::Reference(reference) => format!("{} = {reference:?}", s.name),
            Raw::Value(_) => format!("{} = {}", s.name, s.shown()),
        });
        let aside = old.set_aside.iter().map(|aside| format!("- {}", aside.variable));
        settings.chain(aside).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_whole_environment_of_the_old_programs_becomes_settings() {
        let old = read_from(&[
            ("MSSQL_SERVER", "10.0.0.5"),
            ("MSSQL_DATABASE", "MikroDB_V15_01"),
            ("MSSQL_USER", "sync user"),
            ("MSSQL_PASSWORD", "hidden"),
            ("MSSQL_ENCRYPT", "false"),
            ("MSSQL_TRUST_SERVER_CERTIFICATE", "true"),
            ("PG_HOST", "db.example"),
            ("PG_DATABASE", "web"),
            ("PG_PORT", "6543"),
            ("PG_USER", "shop"),
            ("PG_PASSWORD", "hidden"),
            ("PG_SSL", "true"),
            ("PG_MAX_CONNECTIONS", "10"),
            ("API_KEY", "hidden"),
            ("PORT", "3001"),
            ("SYNC_INTERVAL_MS", "60000"),
            ("BATCH_SIZE", "5000"),
            ("MAX_RETRY_COUNT", "3"),
            ("LOG_LEVEL", "verbose"),
            ("SSH_HOST", "shop.example"),
            ("SSH_PRIVATE_KEY_PATH", "/keys/feed"),
            ("STOCK_XML_SYNC_INTERVAL_MIN", "60"),
            ("STOCK_XML_SCHEDULED", "true"),
            ("STOCK_XML_HOURS", "13, 17"),
        ]);
        insta::assert_snapshot!(shown(&old), @r#"
        databases.erp = mssql://sync%20user@10.0.0.5:1433/MikroDB_V15_01?encrypt=false&trust_server_certificate=true
        databases.erp.password = Environment("MSSQL_PASSWORD")
        databases.web = postgres://shop@db.example:6543/web?sslmode=require
        databases.web.password = Environment("PG_PASSWORD")
        hub.api_key = Environment("API_KEY")
        hub.listen = 0.0.0.0:3001
        flows.batch_rows = 5000
        flows.retries = 3
        log.level = debug
        schedule.erp-to-web = every 1m
        feed.upload.host = shop.example
        feed.upload.key = File("/keys/feed")
        schedule.stock-xml = 0 13,17 * * *
        - PG_MAX_CONNECTIONS
        "#);
        assert!(!format!("{old:?}").contains("hidden"));
    }

    #[test]
    fn what_cannot_be_used_is_set_aside_and_breaks_nothing() {
        let old = read_from(&[
            ("MSSQL_PASSWORD", "hidden"),
            ("LOG_LEVEL", "loud"),
            ("BATCH_SIZE", "many"),
            ("PORT", "0"),
            ("MSSQL_DOMAIN", "OFFICE"),
            ("STOCK_XML_HOURS", "13"),
        ]);
        insta::assert_snapshot!(shown(&old), @r"
        - MSSQL_PASSWORD
        - PORT
        - BATCH_SIZE
        - LOG_LEVEL
        - STOCK_XML_HOURS
        - MSSQL_DOMAIN
        ");
    }

    #[test]
    fn servers_are_named_in_many_ways() {
        for (given, shown) in [
            (".\\SQLEXPRESS", "mssql://localhost:1433/M?encrypt=false"),
            ("erp,1444", "mssql://erp:1444/M?encrypt=false"),
            ("::1", "mssql://[::1]:1433/M?encrypt=false"),
        ] {
            let old = read_from(&[("MSSQL_SERVER", given), ("MSSQL_DATABASE", "M")]);
            assert_eq!(old.settings[0].shown(), shown);
        }
    }
}
