//! The built program tells what the system would be told of a service.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn denk(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_denk"))
        .current_dir(folder)
        .args(words)
        .env("DENK_LANG", "en")
        .output()
        .unwrap()
}

#[cfg(unix)]
fn unit(folder: &Path, words: &[&str]) -> String {
    let output = denk(folder, &[words, &["--print", "--json"]].concat());
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["unit"].as_str().unwrap_or_else(|| panic!("{said:#}")).to_owned()
}

#[cfg(unix)]
#[test]
fn a_service_has_the_whole_paths_of_what_it_works_on() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_str().unwrap();
    fs::create_dir(folder.path().join("ajan")).unwrap();
    let settings = "db = '/srv/büro dosyası/puantaj.db'\nhub = 'https://hub.example/'\ntoken = '7_secret'\n";
    fs::write(folder.path().join("ajan").join("agent.toml"), settings).unwrap();
    let agent = unit(folder.path(), &["service", "install", "--data", "ajan"]);
    assert!(agent.contains(&format!("\" \"-c\" \"{here}/ajan/agent.toml\" \"agent\"\n")), "{agent}");
    assert!(agent.contains(&format!("ReadWritePaths=\"-/srv/büro dosyası\" \"-{here}/ajan\"\n")), "{agent}");
    assert!(!agent.contains("secret"), "{agent}");
    let named = unit(folder.path(), &["service", "install", "agent", "--data", "ajan", "--user", "ayse"]);
    assert!(named.contains("\nUser=ayse\n"), "{named}");
    let noted = |user: &str| {
        let output =
            denk(folder.path(), &["service", "install", "--print", "--data", "ajan", "--user", user]);
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(noted("yokbu").contains("no user `yokbu`"), "{}", noted("yokbu"));
    assert_eq!([noted("root"), noted("0")], ["", ""]);

    fs::write(folder.path().join("hub.toml"), "").unwrap();
    let hub = unit(folder.path(), &["service", "install", "hub", "-c", "hub.toml"]);
    assert!(
        hub.contains(&format!("\" \"--data\" \"{here}/data\" \"-c\" \"{here}/hub.toml\" \"serve\"\n")),
        "{hub}"
    );
    assert!(hub.contains(&format!("WorkingDirectory={here}\n")), "{hub}");
}

#[cfg(windows)]
#[test]
fn a_service_of_windows_has_the_whole_paths_of_what_it_works_on() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("şube dosyası İ");
    fs::create_dir_all(folder.join("ajan")).unwrap();
    let here = folder.to_str().unwrap();
    let settings = "db = 'C:\\Büro Dosyası\\puantaj.db'\nhub = 'https://hub.example/'\ntoken = '7_secret'\n";
    fs::write(folder.join("ajan").join("agent.toml"), settings).unwrap();
    fs::write(folder.join("hub.toml"), "").unwrap();
    let told = |words: &[&str]| -> Vec<String> {
        let output = denk(&folder, &[&["service", "install", "--print", "--json"], words].concat());
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        serde_json::from_value(said["command"].clone()).unwrap_or_else(|_| panic!("{said:#}"))
    };
    let program = env!("CARGO_BIN_EXE_denk").rsplit('/').next().unwrap();
    let agent = told(&["--data", "ajan"]);
    assert!(agent[0].ends_with(program) && Path::new(&agent[0]).is_absolute(), "{agent:?}");
    let (path, data) = (format!(r"{here}\ajan\agent.toml"), format!(r"{here}\ajan"));
    let of_agent = ["-c", &path, "service", "run", "agent", "--folder", &data];
    assert_eq!(agent[1..], of_agent.map(str::to_owned));
    let hub = told(&["hub", "-c", "hub.toml"]);
    let (data, config) = (format!(r"{here}\data"), format!(r"{here}\hub.toml"));
    let of_hub = ["--data", &data, "-c", &config, "service", "run", "hub", "--folder", here];
    assert_eq!(hub[1..], of_hub.map(str::to_owned));
}

#[cfg(windows)]
#[test]
fn only_the_service_manager_runs_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let output = denk(folder.path(), &["service", "run", "agent", "--folder", ".", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["error"]["code"]), (Some(1), &"DENK-5022".into()), "{said:#}");
}

#[test]
fn a_service_without_settings_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let output = denk(folder.path(), &["service", "install", "--print", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["error"]["code"], "DENK-5013");
}
