//! What is wrong is said in one sentence, with a hint and an exit code, and nothing is half done.
#![allow(clippy::unwrap_used, reason = "tests")]

mod shop;

use std::fs;

use shop::{Shop, Web, denk, said};
use tempfile::TempDir;

/// The code of the failure, after checking that what, why and hint are all there.
fn failure(arguments: &[&str], folder: &TempDir) -> (i32, String) {
    let said = said(&denk().current_dir(folder.path()).args(arguments).arg("--json").output().unwrap());
    let error = &said.json["error"];
    for part in ["what", "why", "hint"] {
        assert!(error[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {:#}", said.json);
    }
    (said.code, error["code"].as_str().unwrap().to_owned())
}

fn configured(databases: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("denk.toml"),
        format!("[databases]\n{databases}\n[flows]\npreset = 'mikro'\n"),
    )
    .unwrap();
    folder
}

#[test]
fn files_that_are_no_database_or_not_there() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("text.db"),
        "no database at all, but long enough to have a header".repeat(40),
    )
    .unwrap();
    fs::write(folder.path().join("broken.db"), [b"SQLite format 3\0".as_slice(), &[0xff; 4000]].concat())
        .unwrap();
    let copy = |from: &str| failure(&["copy", from, "sqlite:to.db"], &folder);
    assert_eq!(copy("sqlite:nowhere.db"), (1, "DENK-2007".to_owned()));
    assert_eq!(copy("sqlite:text.db"), (1, "DENK-2010".to_owned()));
    assert_eq!(copy("sqlite:broken.db"), (1, "DENK-2010".to_owned()));
    assert_eq!(copy("sqlite:."), (1, "DENK-2010".to_owned()));
    assert_eq!(copy("data.db"), (2, "DENK-1008".to_owned()));
    assert!(!folder.path().join("to.db").exists(), "nothing was made");
}

#[test]
fn servers_that_are_away_or_refuse() {
    let database = testkit::postgres::server().create_database();
    let folder = TempDir::new().unwrap();
    let url = url::Url::parse(database.url()).unwrap();
    let changed = |change: &dyn Fn(&mut url::Url)| {
        let mut url = url.clone();
        change(&mut url);
        failure(&["copy", url.as_str(), "sqlite:to.db"], &folder).1
    };
    assert_eq!(changed(&|url| url.set_password(Some("wrong")).unwrap()), "DENK-2002");
    assert_eq!(changed(&|url| url.set_path("/no_such_database")), "DENK-2007");
    assert_eq!(changed(&|url| url.set_port(Some(1)).unwrap()), "DENK-2001");
    assert!(!folder.path().join("to.db").exists());
}

#[test]
fn a_missing_right_is_told_and_nothing_is_half_done() {
    let shop = Shop::on_postgres();
    let Web::Postgres(database) = &shop.web else { unreachable!() };
    database.run("create role clerk login password 'clerk'; revoke create on schema public from public; revoke all on schema public from clerk");
    let mut url = url::Url::parse(database.url()).unwrap();
    url.set_username("clerk").unwrap();
    url.set_password(Some("clerk")).unwrap();
    let text =
        format!("[databases]\nentegra = 'sqlite:entegra.s3db'\nweb = '{url}'\n[flows]\npreset = 'mikro'\n");
    fs::write(shop.folder.path().join("denk.toml"), text).unwrap();
    let said = shop.denk(&["run", "entegra-brand"]);
    assert_eq!((said.code, said.json["error"]["code"].as_str()), (1, Some("DENK-2003")), "{:#}", said.json);
    database.run("drop owned by clerk; drop role clerk");
}

#[test]
fn wrong_configuration_names_the_place() {
    let folder = configured("web = 'sqlite:web.db'\nentegra = 'sqlite:e.db'\n");
    fs::write(folder.path().join("denk.toml"), "[databses]\nweb = 'sqlite:web.db'\n").unwrap();
    let said = said(&denk().current_dir(folder.path()).args(["run", "entegra", "--json"]).output().unwrap());
    assert_eq!(said.code, 2);
    let told = said.json["error"].to_string();
    assert!(told.contains("denk.toml") && told.contains("databases"), "{told}");
    let unknown = configured("web = 'sqlite:web.db'\nentegra = 'sqlite:e.db'");
    assert_eq!(failure(&["run", "entegre"], &unknown).0, 2);
    assert_eq!(
        failure(&["run", "entegra"], &configured("web = 'sqlite:web.db'")).0,
        2,
        "a database that is not configured"
    );
    assert!(!unknown.path().join("web.db").exists());
}

#[test]
fn a_source_table_that_is_not_there_stops_only_its_flow() {
    let shop = Shop::on_sqlite();
    shop.entegra().execute_batch("drop table brand").unwrap();
    let run = shop.run(1);
    let failed: Vec<&str> = run["flows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|flow| flow["state"] == "failed")
        .map(|flow| flow["name"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["entegra-brand"]);
    assert_eq!(shop.web("select basarili from sync_state where tablo_adi = 'entegra_brand'"), ["0"]);
    assert_eq!(shop.web("select count(*) from entegra_category").len(), 1);
}

#[test]
fn a_flow_file_with_a_mistake_is_told_by_file_and_line() {
    let shop = Shop::on_sqlite();
    assert_eq!(shop.denk(&["preset", "copy", "mikro", "mappings"]).code, 0);
    let path = shop.folder.path().join("mappings/entegra/entegra-brand.toml");
    let text = fs::read_to_string(&path).unwrap().replace("[target]", "[target]\nmising = 'delete'");
    fs::write(&path, text).unwrap();
    let config = shop.folder.path().join("denk.toml");
    let text = fs::read_to_string(&config).unwrap().replace("preset = 'mikro'", "folder = 'mappings'");
    fs::write(&config, text).unwrap();
    let said = shop.denk(&["run", "entegra"]);
    let told = said.json["error"].to_string();
    assert_eq!(said.code, 2, "{told}");
    assert!(told.contains("entegra-brand.toml") && told.contains("missing"), "{told}");
}

#[test]
fn of_many_flows_the_first_tells_why_their_database_cannot_be_opened() {
    let shop = Shop::on_sqlite();
    fs::write(shop.folder.path().join("web.db"), "no database at all".repeat(100)).unwrap();
    let answer = shop.run(1);
    let errors: Vec<&str> =
        answer["flows"].as_array().unwrap().iter().filter_map(|flow| flow["error"].as_str()).collect();
    assert!(errors.iter().any(|error| error.contains("not a database")), "{answer:#}");
    assert_eq!(answer["error"]["code"], "DENK-2010", "{answer:#}");
}

#[test]
fn a_password_that_is_not_escaped_is_not_shown() {
    let folder = TempDir::new().unwrap();
    for address in [
        "postgres://ali:p@ss/hid?den@127.0.0.1:1/db",
        "postgres://ali:pass/hidden@127.0.0.1:1/db",
        "mssql://ali:a#hidden@h:1/db",
    ] {
        let said = said(
            &denk()
                .current_dir(folder.path())
                .args(["copy", address, "sqlite:to.db", "--json"])
                .output()
                .unwrap(),
        );
        let all = said.json.to_string() + &said.stderr;
        assert_eq!(said.code, 2, "{all}");
        assert!(!all.contains("hid"), "{all}");
    }
}

#[cfg(unix)]
#[test]
fn one_that_is_asked_to_stop_says_so_and_leaves_nothing_half_done() {
    use std::process::{Command, Stdio};

    let shop = Shop::on_sqlite();
    let Web::Sqlite(path) = &shop.web else { unreachable!() };
    let web = rusqlite::Connection::open(path).unwrap();
    web.execute_batch("create table t (n); begin immediate").unwrap();
    let denk = shop.command(&["run", "entegra", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let log = shop.folder.path().join("logs/combined.log");
    let begun = || fs::read_to_string(&log).is_ok_and(|text| text.contains("started"));
    while !begun() {
        std::thread::yield_now();
    }
    let killed = Command::new("kill").args(["-TERM", &denk.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let said = said(&denk.wait_with_output().unwrap());
    assert_eq!((said.code, said.json["error"]["code"].as_str().unwrap()), (1, "DENK-3009"));
    web.execute_batch("rollback").unwrap();
    assert_eq!(shop::sqlite_rows(path, "select name from sqlite_schema"), ["t"]);
    shop.run(0);
}
