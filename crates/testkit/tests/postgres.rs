//! The throw-away PostgreSQL itself.
#![allow(clippy::unwrap_used, reason = "tests may panic, and so may their helpers")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use testkit::postgres::{self, Server};

#[test]
fn a_database_is_empty_utf8_and_gone_after_its_test() {
    let server = postgres::server();
    let database = server.create_database();
    assert_eq!(database.run("select count(*) from pg_tables where schemaname = 'public'"), "0");
    assert_eq!(database.run("show server_encoding"), "UTF8");
    assert_eq!(database.run("select 'ığüşöçİ', null, 1"), "ığüşöçİ||1");

    let name = database.name().to_owned();
    drop(database);
    let other = server.create_database();
    assert_eq!(other.run(&format!("select count(*) from pg_database where datname = '{name}'")), "0");
}

#[test]
fn databases_do_not_see_each_other() {
    let server = postgres::server();
    let (one, other) = (server.create_database(), server.create_database());
    one.run("create table t (a int); insert into t values (1)");
    assert!(other.try_run("select * from t").unwrap_err().to_string().contains("does not exist"));
}

#[test]
fn a_locale_decides_how_text_sorts() {
    let server = postgres::server();
    let sort = "select string_agg(x, '' order by x) from (values ('z'), ('ç'), ('d'), ('c')) v(x)";
    assert_eq!(server.create_database().run(sort), "cdzç");
    assert_eq!(server.create_database_in("tr-TR").run(sort), "cçdz");
}

#[test]
fn a_wrong_password_is_refused() {
    let database = postgres::server().create_database();
    let wrong =
        database.psql().args(["-d", &wrong_password(database.url()), "-c", "select 1"]).output().unwrap();
    assert!(!wrong.status.success());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("password authentication failed"));
}

#[test]
fn much_output_and_much_input_do_not_block_each_other() {
    let database = postgres::server().create_database();
    let script = "select repeat('x', 1000);\n".repeat(1000);
    assert_eq!(database.run(&script).len(), 1001 * 1000 - 1);
}

#[test]
fn a_server_ends_when_its_value_is_dropped() {
    let server = Server::start(postgres::THROW_AWAY).unwrap();
    let folder = data_folder(&server);
    assert!(is_alive(&server));
    drop(server);
    assert!(!Path::new(&folder).exists());
}

#[test]
fn a_server_ends_when_its_process_is_killed() {
    let (mut process, url) = start_process();
    let server = Server::at(&url).unwrap();
    let folder = data_folder(&server);

    process.kill().unwrap();
    process.wait().unwrap();

    let gone = (0..10_000).any(|_| !is_alive(&server) && !Path::new(&folder).exists());
    assert!(gone, "{url} or {folder} is still there");
}

#[test]
fn an_address_that_is_none_is_refused() {
    assert!(Server::at("no address").unwrap_err().to_string().contains("hint:"));
}

fn start_process() -> (Child, String) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_throw_away_postgres"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
    (process, url.trim().to_owned())
}

fn is_alive(server: &Server) -> bool {
    server.psql().args(["-c", "select 1"]).output().unwrap().status.success()
}

fn data_folder(server: &Server) -> String {
    let output = server.psql().args(["-c", "show data_directory"]).output().unwrap();
    let folder = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert!(!folder.is_empty());
    folder
}

fn wrong_password(url: &str) -> String {
    let (before, host) = url.split_once('@').unwrap();
    let (user, _) = before.rsplit_once(':').unwrap();
    format!("{user}:wrong@{host}")
}
