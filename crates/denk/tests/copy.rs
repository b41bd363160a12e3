//! `denk copy`: no configuration, any two databases.
#![allow(clippy::unwrap_used, reason = "tests")]

mod shop;

use rusqlite::Connection;
use shop::{Said, count, denk, said};
use tempfile::TempDir;

const GOODS: &str = "create table brand (id integer primary key, name varchar(50) not null);
    create table goods (id integer primary key, name varchar(50), price numeric(18,4), weight real, made datetime, day date, seen boolean, picture blob,
                        brand_id integer references brand (id));
    insert into brand values (1, 'Çınar'), (2, '');
    insert into goods values (1, 'ığüşöçİ', 12.34, 0.1, '2026-01-31 09:05:07', '2026-01-31', 1, x'0001ff', 1), (2, null, -0.5, 1e300, null, '0001-01-01', 0, x'', null);";

fn copy(arguments: &[&str]) -> Said {
    said(&denk().args(["copy"]).args(arguments).arg("--json").output().unwrap())
}

fn source(folder: &TempDir, sql: &str) -> String {
    let path = folder.path().join("source.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    format!("sqlite:{}", path.display())
}

#[test]
fn a_file_arrives_in_postgresql_and_comes_back_as_it_left() {
    let folder = TempDir::new().unwrap();
    let from = source(&folder, GOODS);
    let web = testkit::postgres::server().create_database();
    let there = copy(&[&from, web.url()]);
    assert_eq!(
        (there.code, count(&there.json, "goods", "inserted")),
        (0, 2),
        "{:#}\n{}",
        there.json,
        there.stderr
    );
    assert_eq!(
        web.run("select id, name, price, weight, made, day, seen, picture, brand_id from goods order by id")
            .lines()
            .collect::<Vec<_>>(),
        [
            "1|ığüşöçİ|12.3400|0.1|2026-01-31 09:05:07|2026-01-31|t|\\x0001ff|1",
            "2||-0.5000|1e+300||0001-01-01|f|\\x|"
        ]
    );
    let back = format!("sqlite:{}", folder.path().join("back.db").display());
    assert_eq!(copy(&[web.url(), &back]).code, 0);
    // The scale of numeric(18,4) is kept, so the price is compared as a number.
    let all = "select id, name, price + 0.0, weight, made, day, seen, hex(picture), brand_id from goods order by id";
    let again = folder.path().join("back.db");
    assert_eq!(shop::sqlite_rows(&again, all), shop::sqlite_rows(&folder.path().join("source.db"), all));
    let nothing = copy(&[&from, web.url()]);
    assert_eq!((count(&nothing.json, "goods", "unchanged"), shop::written(&nothing.json)), (2, 0));
}

#[test]
fn later_only_the_differences_deletes_included() {
    let folder = TempDir::new().unwrap();
    let from = source(&folder, GOODS);
    let web = testkit::postgres::server().create_database();
    copy(&[&from, web.url()]);
    web.run("update goods set name = 'elle' where id = 1");
    Connection::open(folder.path().join("source.db"))
        .unwrap()
        .execute_batch("delete from goods where id = 2; insert into goods (id) values (3)")
        .unwrap();
    let run = copy(&[&from, web.url()]);
    assert_eq!(["inserted", "updated", "deleted"].map(|what| count(&run.json, "goods", what)), [1, 1, 1]);
    Connection::open(folder.path().join("source.db"))
        .unwrap()
        .execute_batch("delete from goods where id = 3")
        .unwrap();
    let kept = copy(&[&from, web.url(), "--keep-deleted"]);
    assert_eq!(
        (count(&kept.json, "goods", "deleted"), web.run("select count(*) from goods").trim().to_owned()),
        (0, "2".to_owned())
    );
    assert_eq!(
        web.run("select count(*) from pg_tables where tablename like 'denk%' or tablename like 'sync%'")
            .trim(),
        "0",
        "nothing of ours is left"
    );
}

#[test]
fn a_type_that_would_not_survive_is_refused_unless_told_how() {
    let folder = TempDir::new().unwrap();
    let web = testkit::postgres::server().create_database();
    web.run("create table t (id int primary key, span interval); insert into t values (1, '2 days'); create table u (id int primary key); insert into u values (1)");
    let to = format!("sqlite:{}", folder.path().join("to.db").display());
    let refused = copy(&[web.url(), &to]);
    assert_eq!(
        (refused.code, refused.json["error"]["code"].as_str().unwrap()),
        (1, "DENK-3003"),
        "{:#}",
        refused.json
    );
    assert!(refused.json["error"]["why"].as_str().unwrap().contains("span"), "{:#}", refused.json);
    assert_eq!(
        shop::sqlite_rows(&folder.path().join("to.db"), "select count(*) from sqlite_schema"),
        ["0"],
        "nothing half done"
    );
    assert_eq!(copy(&[web.url(), &to, "--type", "t.span=text"]).code, 0);
    assert_eq!(shop::sqlite_rows(&folder.path().join("to.db"), "select span from t"), ["2 days"]);
}

#[test]
fn all_that_would_not_survive_is_told_at_once_and_tables_can_be_left_out() {
    let folder = TempDir::new().unwrap();
    let web = testkit::postgres::server().create_database();
    web.run("create table a (id int primary key, span interval, places int[]); create table b (id int primary key, far interval);
             create table c (id int primary key); insert into c values (1); create view v as select id + 1 as n from c");
    let to = format!("sqlite:{}", folder.path().join("to.db").display());
    let refused = copy(&[web.url(), &to]);
    let why = refused.json["error"]["why"].as_str().unwrap();
    assert!(["span", "places", "`b`", "far"].iter().all(|word| why.contains(word)), "{why}");
    assert_eq!(copy(&[web.url(), &to, "--without", "a", "--without", "d"]).code, 2);
    assert_eq!(copy(&[web.url(), &to, "--without", "a", "--without", "b"]).code, 0);
    assert_eq!(copy(&[web.url(), &to, "--key", "n"]).code, 2);
    assert_eq!(copy(&[web.url(), &to, "--table", "v", "--key", "n"]).code, 0);
    let tables = "select name from sqlite_schema where type = 'table' order by name";
    assert_eq!(shop::sqlite_rows(&folder.path().join("to.db"), tables), ["c", "v"]);
    assert_eq!(shop::sqlite_rows(&folder.path().join("to.db"), "select n from v"), ["2"]);
}

#[test]
fn computed_columns_arrive_as_values_and_denks_own_tables_stay_behind() {
    let folder = TempDir::new().unwrap();
    let from = source(
        &folder,
        "create table goods (id integer primary key, a integer, twice integer generated always as (a * 2) stored);
         insert into goods (id, a) values (1, 2); create table denk_fiyat (id integer primary key); create table denk_state (id integer primary key);",
    );
    let web = testkit::postgres::server().create_database();
    assert_eq!(copy(&[&from, web.url()]).code, 0);
    assert_eq!(web.run("select twice from goods").trim(), "4");
    let tables = "select table_name from information_schema.tables where table_schema = 'public' order by 1";
    assert_eq!(web.run(tables).lines().collect::<Vec<_>>(), ["denk_fiyat", "goods"]);
    let computing = testkit::postgres::server().create_database();
    computing
        .run("create table goods (id int primary key, a int, twice int generated always as (a * 3) stored)");
    assert_eq!(copy(&[&from, computing.url()]).code, 0);
    assert_eq!(computing.run("select twice from goods").trim(), "6", "the target's own");
}

#[test]
fn a_view_that_means_nothing_is_named_and_can_be_left_out() {
    let folder = TempDir::new().unwrap();
    let from = source(&folder, &[GOODS, "create view broken as select * from missing"].concat());
    let to = format!("sqlite:{}", folder.path().join("to.db").display());
    let refused = copy(&[&from, &to]);
    assert_eq!(refused.code, 1);
    assert!(refused.json["error"]["what"].as_str().unwrap().contains("broken"), "{:#}", refused.json);
    assert_eq!(copy(&[&from, &to, "--without", "broken"]).code, 0);
}

#[test]
fn a_table_is_not_copied_onto_itself() {
    let folder = TempDir::new().unwrap();
    let from = source(&folder, GOODS);
    let other = format!(
        "sqlite:{}/../{}/source.db",
        folder.path().display(),
        folder.path().file_name().unwrap().to_str().unwrap()
    );
    assert_eq!(copy(&[&from, &other]).json["error"]["code"], "DENK-4006");
    let beside = copy(&[&from, &from, "--table", "brand", "--as", "brand2"]);
    assert_eq!((beside.code, count(&beside.json, "brand", "inserted")), (0, 2), "{:#}", beside.json);
}

#[test]
fn a_dry_run_makes_no_table_and_a_value_that_does_not_fit_is_parked() {
    let folder = TempDir::new().unwrap();
    let from = source(
        &folder,
        "create table t (id integer primary key, n integer); insert into t values (1, 5), (2, 'beş');",
    );
    let web = testkit::postgres::server().create_database();
    let dry = copy(&[&from, web.url(), "--dry-run"]);
    assert_eq!(
        (dry.code, dry.json["flows"][0]["plan"][0]["action"].as_str()),
        (3, Some("create")),
        "{:#}",
        dry.json
    );
    assert_eq!(web.run("select count(*) from pg_tables where tablename = 't'").trim(), "0");
    let run = copy(&[&from, web.url(), "--table", "t", "--as", "other"]);
    assert_eq!((run.code, count(&run.json, "t", "inserted"), count(&run.json, "t", "parked")), (3, 1, 1));
    assert_eq!(run.json["flows"][0]["reasons"][0]["key"], "2");
    assert_eq!(web.run("select id, n from other").trim(), "1|5");
}

#[test]
fn points_in_time_come_back_from_a_file() {
    let folder = TempDir::new().unwrap();
    let [there, back] = [0, 1].map(|_| testkit::postgres::server().create_database());
    there.run("create table z (id int primary key, at timestamptz, day date); insert into z values (1, '2026-01-31 09:05:07.123456+03', '9999-12-31'), (2, null, null)");
    let file = format!("sqlite:{}", folder.path().join("z.db").display());
    assert_eq!(copy(&[there.url(), &file]).code, 0);
    let run = copy(&[&file, back.url()]);
    assert_eq!(run.code, 0, "{:#}", run.json);
    let all = "select id, at at time zone 'UTC', day from z order by id";
    assert_eq!(back.run(all), there.run(all));
}
