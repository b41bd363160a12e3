//! The configuration as a whole: what is an error and how it is told, which layer wins, and that no secret is shown.

use std::{fs, net::IpAddr};

use tempfile::TempDir;

use super::*;
use crate::messages::{Language, Text};

/// A folder with these files, and nothing in the environment.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn load(folder: &TempDir, variables: &[(&str, &str)]) -> Result<Config> {
    Config::load(None, &Environment::new(variables.iter().copied(), folder.path()))
}

/// The failure as people see it.
fn failure(toml: &str, variables: &[(&str, &str)]) -> String {
    let folder = folder(&[("denk.toml", toml)]);
    let failure = load(&folder, variables).map(|_| ()).unwrap_err();
    assert_eq!(failure.exit(), 2);
    failure.shown(&Text::new(Language::English))
}

fn address(config: &Config, name: &str) -> (String, Option<String>) {
    let address = config.database(name).unwrap();
    (address.to_string(), address.password())
}

#[test]
fn nothing_configured_is_a_configuration() {
    let folder = folder(&[]);
    let config = load(&folder, &[]).unwrap();
    assert_eq!(
        (config.zone_name.as_str(), config.file.as_ref(), config.flows.source.as_ref()),
        (DEFAULT_ZONE, None, None)
    );
    assert!(config.database_names().is_empty() && config.set_aside.is_empty());
    assert_eq!(Config::empty(&Environment::default()).zone_name, DEFAULT_ZONE);
}

#[test]
fn the_example_of_the_manual_is_read() {
    let folder = folder(&[("denk.toml", include_str!("tests/manual.toml"))]);
    let config = load(&folder, &[]).unwrap();
    assert_eq!(config.database_names(), ["entegra", "erp", "web"]);
    assert_eq!(config.flow_source().unwrap(), &FlowSource::Preset("mikro".into()));
    assert_eq!(config.language.as_ref().unwrap().language, Language::Turkish);
    let names: Vec<String> = config.settings().map(|setting| setting.name.to_string()).collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    databases.entegra
    databases.erp
    databases.web
    feed.file
    feed.upload.after
    feed.upload.folder
    feed.upload.host
    feed.upload.key
    feed.upload.known_hosts
    feed.upload.port
    feed.upload.user
    flows.preset
    hub.backup.every
    hub.backup.folder
    hub.backup.keep
    hub.database
    hub.listen
    hub.preset
    hub.session_idle
    hub.session_max
    hub.upload_mb_max
    language
    log.folder
    log.format
    log.level
    notify.email.host
    notify.email.to
    notify.webhook
    schedule.entegra
    schedule.erp-to-web
    schedule.stock-xml
    schedule.web-to-erp
    zone
    ");
}

#[test]
fn a_misspelt_section_is_an_error_with_place_and_the_right_name() {
    insta::assert_snapshot!(failure("language = 'tr'\n\n[databses]\nweb = 'sqlite:a'\n", &[]), @r"
    error[DENK-1004]: the configuration cannot be used
      because: denk.toml:3:2: there is no setting `databses`
    hint: did you mean `databases`?
    ");
}

#[test]
fn a_misspelt_key_is_an_error_with_place_and_the_right_name() {
    insta::assert_snapshot!(failure("[flows]\n  pre-set = 'mikro'\n", &[]), @r"
    error[DENK-1004]: the configuration cannot be used
      because: denk.toml:2:3: there is no setting `flows.pre-set`
    hint: did you mean `preset`?
    ");
    insta::assert_snapshot!(failure("[databases]\nerp = { url = 'sqlite:a', pasword = 'hidden' }\n", &[]), @r"
    error[DENK-1004]: the configuration cannot be used
      because: denk.toml:2:27: there is no setting `databases.erp.pasword`
    hint: did you mean `password`?
    ");
    insta::assert_snapshot!(failure("[flows]\nentirely_else = 1\n", &[]), @r"
    error[DENK-1004]: the configuration cannot be used
      because: denk.toml:2:1: there is no setting `flows.entirely_else`
    hint: known here: preset, folder, batch_rows, retries
    ");
}

#[test]
fn why_a_line_is_no_toml_is_told_in_the_language_of_whoever_reads_it() {
    let turkish = |toml: &str| {
        let folder = folder(&[("denk.toml", toml)]);
        load(&folder, &[]).map(|_| ()).unwrap_err().shown(&Text::new(Language::Turkish))
    };
    for (toml, why) in [
        ("[hub]\nlisten = 127.0.0.1:9409", "2:15: değer okunamıyor; metinler tırnak içinde yazılır"),
        ("[hub]\nlisten = hub", "değer okunamıyor; metinler tırnak içinde yazılır"),
        ("[hub]\nlisten = \"a:1", "bir tırnak ya da köşeli ayraç açık kalmış"),
        ("[hub\nlisten = 1", "bir tırnak ya da köşeli ayraç açık kalmış"),
        ("zone = [1, 2", "bir tırnak ya da köşeli ayraç açık kalmış"),
        ("[hub]\nlisten", "2:7: burada `ad = değer` bekleniyor"),
        ("zone = \"a\"\nzone = \"b\"", "bu ayar ya da bölüm iki kez yazılmış"),
        ("zone = \"a\" b", "değer bundan önce bitiyor; her ayar kendi satırında yazılır"),
        ("zone = 01", "burası TOML olarak okunamıyor"),
    ] {
        let told = turkish(toml);
        assert!(told.contains(why), "{toml}: {told}");
        assert!(!told.contains("expected") && !told.contains("invalid"), "{told}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_line_and_column() {
    insta::assert_snapshot!(failure("[databases]\nşube = 'sqlite:a' web = 'hidden'\n", &[]), @r"
    error[DENK-1003]: the configuration cannot be used
      because: denk.toml:2:19: the value ends before this; each setting stands on a line of its own
    hint: correct the line; texts stand in quotes, and `denk init` writes an example
    ");
    insta::assert_snapshot!(failure("zone = 'UTC'\nzone = 'hidden'\n", &[]), @r"
    error[DENK-1003]: the configuration cannot be used
      because: denk.toml:2:1: this setting or section stands there twice
    hint: correct the line; texts stand in quotes, and `denk init` writes an example
    ");
}

#[test]
fn networks_of_proxies_have_names() {
    let named = |text: &str| load(&folder(&[("denk.toml", &format!("[hub]\nproxies = '{text}'\n"))]), &[]);
    let known = named("private, cloudflare, 203.0.113.7").unwrap().hub.proxies;
    let is_known = |address: &str| known.iter().any(|net| net.contains(&address.parse::<IpAddr>().unwrap()));
    for (address, known) in
        [("10.19.6.53", true), ("172.70.247.28", true), ("203.0.113.7", true), ("203.0.113.8", false)]
    {
        assert_eq!(is_known(address), known, "{address}");
    }
    assert!(named("everybody").is_err());
}

#[test]
fn the_hub_is_where_the_configuration_says() {
    let text = "[hub]\nlisten = '0.0.0.0:9000'\ndatabase = 'sqlite:data/hub.db'\nbehind_proxy = true\nproxies = '10.0.0.0/8, 192.168.1.5'\nupload_mb_max = 100\napi_key = { env = 'KEY' }\n";
    let folder = folder(&[("denk.toml", text)]);
    let config = load(&folder, &[("KEY", "shared")]).unwrap();
    assert_eq!((config.hub.listen.port(), config.hub.behind_proxy), (9000, true));
    let proxies: Vec<_> = config.hub.proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.168.1.5/32"]);
    assert_eq!(config.hub.upload_bytes_max, 100 << 20);
    assert_eq!(config.hub_api_key().unwrap().as_deref(), Some("shared"));
    assert!(config.hub_database().unwrap().unwrap().path().ends_with("data/hub.db"));
    insta::assert_snapshot!(failure("[hub]\nlisten = 'everywhere'\n", &[]), @r#"
    error[DENK-1005]: the configuration cannot be used
      because: denk.toml:2:1: the value of `hub.listen` cannot be used
    hint: write an address and a port, such as "0.0.0.0:8787"
    "#);
    insta::assert_snapshot!(failure("[hub]\ncertificate = 'hub.pem'\n", &[]), @r"
    error[DENK-1009]: the configuration cannot be used
      because: denk.toml:2:1: `hub.certificate` is given without `hub.private_key`
    hint: give both files, or neither: then the hub makes a certificate of its own
    ");
    let reverse = failure("[hub]\nprivate_key = 'hub.key'\n", &[]);
    assert!(reverse.contains("`hub.private_key` is given without `hub.certificate`"), "{reverse}");
    insta::assert_snapshot!(failure("[hub]\nlissten = '0.0.0.0:1'\n", &[]), @r"
    error[DENK-1004]: the configuration cannot be used
      because: denk.toml:2:1: there is no setting `hub.lissten`
    hint: did you mean `listen`?
    ");
}

#[test]
fn values_that_mean_nothing_are_errors() {
    insta::assert_snapshot!(failure("zone = 'Europe/Ankara'\n", &[]), @r#"
    error[DENK-1005]: the configuration cannot be used
      because: denk.toml:1:1: the value of `zone` cannot be used
    hint: write the name of a time zone, such as "Europe/Istanbul"
    "#);
    insta::assert_snapshot!(failure("language = 'de'\n", &[]), @r#"
    error[DENK-1005]: the configuration cannot be used
      because: denk.toml:1:1: the value of `language` cannot be used
    hint: write "tr" or "en"
    "#);
    insta::assert_snapshot!(failure("hub = 3\n", &[]), @r"
    error[DENK-1005]: the configuration cannot be used
      because: denk.toml:1:1: the value of `hub` cannot be used
    hint: write it as a section: a line with the name in square brackets, its settings below
    ");
    insta::assert_snapshot!(failure("[flows]\nbatch_rows = 0\n", &[]), @r"
    error[DENK-1005]: the configuration cannot be used
      because: denk.toml:2:1: the value of `flows.batch_rows` cannot be used
    hint: write a whole number from 1 to 1,000,000
    ");
    insta::assert_snapshot!(failure("[databases]\nerp = ['hidden']\n", &[]), @r#"
    error[DENK-1005]: the configuration cannot be used
      because: denk.toml:2:1: the value of `databases.erp` cannot be used
    hint: write an address in quotes, { env = "NAME" }, { file = "PATH" }, or { url = ..., password = ... }
    "#);
    insta::assert_snapshot!(failure("[log]\nlevel = 'loud'\n", &[]), @r#"
    error[DENK-1005]: the configuration cannot be used
      because: denk.toml:2:1: the value of `log.level` cannot be used
    hint: write "error", "warn", "info", "debug", "trace" or "off"
    "#);
    insta::assert_snapshot!(failure("[flows]\npreset = 'mikro'\nfolder = 'mappings/'\n", &[]), @r"
    error[DENK-1009]: the configuration cannot be used
      because: denk.toml:3:1: `flows.preset` and `flows.folder` are both given
    hint: keep one of them: a preset that comes with denk, or a folder with your own flow files
    ");
}

#[test]
fn a_wrong_address_is_told_without_showing_it() {
    insta::assert_snapshot!(failure("[databases]\nweb = 'hidden-password-in-the-wrong-place'\n", &[]), @r#"
    error[DENK-1008]: the configuration cannot be used
      because: denk.toml:2:1: the address of `databases.web` cannot be used: it begins with none of sqlite:, postgres:// and mssql://
    hint: write sqlite:FILE, postgres://user@host:5432/name or mssql://user@host:1433/name; characters such as @ / # in a password are written %40 %2F %23, or give the password by itself: { url = "...", password = { env = "NAME" } }
    "#);
    insta::assert_snapshot!(failure("[databases]\nweb = 'postgres://user:hid/den@host/web'\n", &[]), @r#"
    error[DENK-1008]: the configuration cannot be used
      because: denk.toml:2:1: the address of `databases.web` cannot be used: it is no valid address (invalid port number)
    hint: write sqlite:FILE, postgres://user@host:5432/name or mssql://user@host:1433/name; characters such as @ / # in a password are written %40 %2F %23, or give the password by itself: { url = "...", password = { env = "NAME" } }
    "#);
    insta::assert_snapshot!(failure("[databases]\nweb = { password = 'hidden' }\n", &[]), @r#"
    error[DENK-1008]: the configuration cannot be used
      because: denk.toml:2:9: the database `web` has no address (`url`)
    hint: write sqlite:FILE, postgres://user@host:5432/name or mssql://user@host:1433/name; characters such as @ / # in a password are written %40 %2F %23, or give the password by itself: { url = "...", password = { env = "NAME" } }
    "#);
}

#[test]
fn a_wrong_variable_is_named() {
    insta::assert_snapshot!(failure("", &[("DENK__ZONE", "Mars")]), @r#"
    error[DENK-1005]: the configuration cannot be used
      because: environment variable DENK__ZONE: the value of `zone` cannot be used
    hint: write the name of a time zone, such as "Europe/Istanbul"
    "#);
    insta::assert_snapshot!(failure("", &[("DENK__DATABSES__WEB", "sqlite:a")]), @r"
    error[DENK-1004]: the configuration cannot be used
      because: environment variable DENK__DATABSES__WEB: there is no setting `databses`
    hint: did you mean `databases`?
    ");
    insta::assert_snapshot!(failure("", &[("DENK__DATABASES", "sqlite:a")]), @r"
    error[DENK-1005]: the configuration cannot be used
      because: environment variable DENK__DATABASES: the value of `databases` cannot be used
    hint: write it as a section: a line with the name in square brackets, its settings below
    ");
    insta::assert_snapshot!(failure("", &[("DENK__DATABASES__WEB", "hidden")]), @r#"
    error[DENK-1008]: the configuration cannot be used
      because: environment variable DENK__DATABASES__WEB: the address of `databases.web` cannot be used: it begins with none of sqlite:, postgres:// and mssql://
    hint: write sqlite:FILE, postgres://user@host:5432/name or mssql://user@host:1433/name; characters such as @ / # in a password are written %40 %2F %23, or give the password by itself: { url = "...", password = { env = "NAME" } }
    "#);
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let folder = folder(&[]);
    let environment = Environment::new::<String, String>([], folder.path());
    let failure = Config::load(Some(Path::new("other.toml")), &environment).unwrap_err();
    assert_eq!((failure.code(), failure.exit()), (Code::ConfigurationMissing, 2));
}

#[test]
fn a_file_of_an_editor_that_does_not_know_utf8_is_an_error() {
    let folder = folder(&[]);
    fs::write(folder.path().join("denk.toml"), b"# \xfe\xff").unwrap();
    assert_eq!(load(&folder, &[]).unwrap_err().code(), Code::ConfigurationUnreadable);
    fs::write(folder.path().join("denk.toml"), "\u{feff}language = 'en'").unwrap();
    assert_eq!(load(&folder, &[]).unwrap().language.unwrap().language, Language::English);
}

#[test]
fn variables_win_over_the_file_and_the_file_over_the_old_names() {
    let old = "PG_HOST=old\nPG_DATABASE=web\nPG_USER=shop\nPG_PASSWORD=from-dotenv\nLOG_LEVEL=error\n";
    let toml = "zone = 'UTC'\n[databases]\nentegra = 'sqlite:e.db'\n[log]\nlevel = 'warn'\n";
    let folder = folder(&[("denk.toml", toml), (".env", old)]);
    let config = load(&folder, &[("DENK__ZONE", "Asia/Tokyo")]).unwrap();
    assert_eq!((config.zone_name.as_str(), config.log.level), ("Asia/Tokyo", LevelFilter::WARN));
    assert_eq!(
        address(&config, "web"),
        ("postgres://shop:***@old:5432/web".into(), Some("from-dotenv".into()))
    );
    let config = load(&folder, &[("PG_PASSWORD", "from-environment"), ("PG_HOST", "new")]).unwrap();
    assert_eq!(
        address(&config, "web"),
        ("postgres://shop:***@new:5432/web".into(), Some("from-environment".into()))
    );
    let config = load(&folder, &[("DENK__DATABASES__ENTEGRA", "sqlite:/other.db")]).unwrap();
    assert_eq!(address(&config, "entegra").0, "sqlite:/other.db");
}

#[test]
fn a_password_never_goes_to_an_address_of_another_layer() {
    let toml = "[databases]\nweb = { url = 'postgres://shop@db/web', password = 'one' }\n";
    let folder =
        folder(&[("denk.toml", toml), (".env", "PG_HOST=old\nPG_DATABASE=web\nPG_USER=u\nPG_PASSWORD=two")]);
    assert_eq!(address(&load(&folder, &[]).unwrap(), "web").1.as_deref(), Some("one"));
    let config = load(&folder, &[("DENK__DATABASES__WEB", "postgres://shop@elsewhere/web")]).unwrap();
    assert_eq!(address(&config, "web").1, None);
    let config = load(&folder, &[("DENK__DATABASES__WEB__PASSWORD", "three")]).unwrap();
    assert_eq!(address(&config, "web"), ("postgres://shop:***@db/web".into(), Some("three".into())));
}

#[test]
fn a_layer_that_names_other_flows_replaces_those_below() {
    let folder = folder(&[("denk.toml", "[flows]\npreset = 'mikro'\n")]);
    let config = load(&folder, &[("DENK__FLOWS__FOLDER", "mappings")]).unwrap();
    assert_eq!(config.flow_source().unwrap(), &FlowSource::Folder("mappings".into()));
}

#[test]
fn names_with_hyphens_are_met_by_variables() {
    let folder = folder(&[("denk.toml", "[schedule]\n'erp-to-web' = 'every 15m'\n")]);
    let config =
        load(&folder, &[("DENK__SCHEDULE__ERP_TO_WEB", "every 1h"), ("DENK__FEED__UPLOAD__HOST", "h")])
            .unwrap();
    let shown: Vec<String> = config.settings().map(|s| format!("{}={}", s.name, s.shown())).collect();
    assert!(shown.contains(&"schedule.erp-to-web=every 1h".to_owned()), "{shown:?}");
    assert!(shown.contains(&"feed.upload.host=h".to_owned()), "{shown:?}");
}

#[test]
fn secrets_come_from_variables_and_files_when_they_are_needed() {
    let toml = "[databases]\nweb = { env = 'WEB_URL' }\nerp = { url = 'mssql://sa@erp/M', password = { file = 'pw' } }\n";
    let folder = folder(&[("denk.toml", toml), ("pw", "a@b/c%20\n")]);
    let config = load(&folder, &[]).unwrap();
    assert_eq!(address(&config, "erp").1.as_deref(), Some("a@b/c%20"));
    let failure = config.database("web").unwrap_err();
    assert_eq!((failure.code(), failure.exit()), (Code::SecretMissing, 2));
    assert!(load(&folder, &[("PG_PASSWORD", "x")]).unwrap().set_aside.len() == 1, "nobody asks for it");
    let config = load(&folder, &[("WEB_URL", "postgres://u:p@h/d")]).unwrap();
    assert_eq!(address(&config, "web"), ("postgres://u:***@h/d".into(), Some("p".into())));
}

#[test]
fn a_database_that_is_not_there_is_told_with_those_that_are() {
    let folder = folder(&[("denk.toml", "[databases]\nweb = 'sqlite:a.db'\n")]);
    let failure = load(&folder, &[]).unwrap().database("erp").unwrap_err();
    insta::assert_snapshot!(failure.shown(&Text::new(Language::English)), @r#"
    error[DENK-1007]: there is no database `erp` in the configuration
      because: configured are: web
    hint: add `erp = "ADDRESS"` under [databases], or set DENK__DATABASES__NAME
    "#);
}

#[test]
fn files_are_seen_from_the_configuration() {
    let folder =
        folder(&[("denk.toml", "[databases]\na = 'sqlite:a.db'\nb = 'sqlite:C:/Ana Entegra/db.s3db'\n")]);
    let environment = Environment::new::<String, String>([], "/elsewhere");
    let config = Config::load(Some(&folder.path().join("denk.toml")), &environment).unwrap();
    assert_eq!(config.database("a").unwrap().path(), folder.path().join("a.db"));
    assert_eq!(config.database("b").unwrap().path(), Path::new("C:/Ana Entegra/db.s3db"));
}

#[test]
fn a_path_of_windows_is_not_relative() {
    for path in ["C:/Ana Entegra/db.s3db", "/srv/a.db", "\\\\server\\share\\a.db"] {
        assert_eq!(seen_from(Path::new("base"), Path::new(path)), Path::new(path));
    }
    assert_eq!(seen_from(Path::new("base"), Path::new("data/a.db")), Path::new("base/data/a.db"));
}

#[test]
fn debug_of_the_whole_configuration_shows_no_secret() {
    let toml = "[hub]\napi_key = 'hidden1'\n[databases]\nweb = 'postgres://u:hidden2@h/d'\n\
                erp = { url = 'mssql://u@h/d', password = 'hidden3' }\n\
                [notify]\nwebhook = 'https://x/hidden4'\nemail = { to = 'a@b', password = 'hidden5' }\n";
    let folder = folder(&[("denk.toml", toml), (".env", "API_KEY=hidden6\nPG_PASSWORD=hidden7")]);
    let variables = [("DENK__FEED__UPLOAD__PASSWORD", "hidden8"), ("MSSQL_PASSWORD", "hidden9")];
    let shown = format!("{:?}", load(&folder, &variables).unwrap());
    assert!(!shown.contains("hidden"), "{shown}");
    assert!(shown.contains("databases.web = postgres://u:***@h/d"), "{shown}");
}
