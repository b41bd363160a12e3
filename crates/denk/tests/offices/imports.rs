//! Old files into the hub.

use std::fs;

use rusqlite::Connection;
use testkit::office::{self, Office, Shape, Size};

use crate::{
    hub::{Hub, rows},
    said,
};

#[test]
fn an_imported_file_is_continued_by_the_pc_it_came_from() {
    let hub = Hub::start();
    let file = hub.file("old.db", "Izmir", 4);
    let name = file.to_str().unwrap();
    let (code, planned) = hub.denk(&["import", name, "--region", "Izmir", "--dry-run"]);
    assert_eq!((code, &planned["tables"]["employees"]["new"]), (0, &9.into()), "{planned:#}");
    assert_eq!(hub.denk(&["import", name, "--region", "Izmir"]).1["tables"]["timesheets"]["new"], 76);
    let again = hub.upload("shared", "Izmir", &file).1;
    assert_eq!(
        (&again["tables"]["timesheets"]["unchanged"], &again["tables"]["timesheets"]["inserted"]),
        (&76.into(), &0.into()),
        "{again:#}"
    );
    let other = hub.file("other.db", "Izmir", 5);
    let (code, same) = hub.denk(&["compare", name, name]);
    assert_eq!((code, same["equal"].as_bool()), (0, Some(true)), "{same:#}");
    let (code, differs) = hub.denk(&["compare", name, other.to_str().unwrap()]);
    assert_eq!((code, differs["equal"].as_bool()), (3, Some(false)), "{differs:#}");
}

#[test]
fn the_limit_for_uploads_is_none_for_files_that_lie_on_the_hubs_machine() {
    let hub = Hub::start();
    let path = hub.file("large.db", "Izmir", 4);
    // What was deleted still takes its room: more than 64 MB.
    let large = "create table logs (text blob);
                 insert into logs with recursive n(i) as (select 1 union all select i + 1 from n where i < 17)
                 select zeroblob(4000000) from n; delete from logs;";
    Connection::open(&path).unwrap().execute_batch(large).unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 64 << 20);
    let name = path.to_str().unwrap();
    assert_eq!(hub.upload("shared", "Izmir", &path).0, 413);
    for run in
        [&["import", name, "--region", "Izmir", "--dry-run"][..], &["import", name, "--region", "Izmir"]]
    {
        let (code, done) = hub.denk(run);
        assert_eq!((code, &done["tables"]["employees"]["new"]), (0, &9.into()), "{done:#}");
    }
    assert_eq!(hub.denk(&["compare", name, name]).0, 0);
}

#[test]
fn an_import_and_the_shared_key_are_called_by_words_that_people_know() {
    let hub = Hub::start();
    let file = hub.file("old.db", "Izmir", 4);
    let name = file.to_str().unwrap();
    assert_eq!(hub.denk(&["import", name, "--region", "Izmir"]).0, 0);
    assert_eq!(hub.denk(&["import", name, "--region", "*"]).0, 0);
    hub.upload("shared", "Bursa", &hub.file("bursa.db", "Bursa", 5));
    let turkish = said(&hub, &["site", "list", "--lang", "tr"]);
    for seen in ["Izmir (içe aktarma)", "Tüm bölgeler (içe aktarma)", "Bursa (ortak anahtar)"] {
        assert!(turkish.contains(seen), "{turkish}");
    }
    assert!(!turkish.contains("shared:"), "{turkish}");
    assert!(said(&hub, &["site", "list", "--lang", "en"]).contains("Bursa (shared key)"));
    assert_eq!(
        hub.denk(&["site", "list"]).1["sites"][0]["name"],
        "shared:Izmir",
        "scripts get the name itself"
    );
}

#[test]
fn compare_says_how_many_differences_it_does_not_list_and_gives_scripts_all() {
    let hub = Hub::start();
    let file = |name: &str, people: i64| {
        let path = hub.folder.path().join(name);
        let sql = format!(
            "create table employees (id integer primary key, full_name text); insert into employees (full_name)
             with recursive n(i) as (select 1 union all select i + 1 from n where i < {people}) select 'Kişi ' || i from n"
        );
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (first, second, third) = (file("a.db", 31), file("b.db", 1), file("c.db", 21));
    let compared = hub.denk(&["compare", &first, &second]).1;
    assert_eq!(compared["flows"][0]["examples"].as_array().unwrap().len(), 30);
    let told = said(&hub, &["compare", &first, &second, "--lang", "tr"]);
    assert_eq!(told.matches("yalnızca birinci dosyada").count(), 20, "{told}");
    assert!(told.contains("employees: 10 fark daha; --json hepsini verir"), "{told}");
    let twenty = said(&hub, &["compare", &third, &second, "--lang", "tr"]);
    assert!(!twenty.contains("daha"), "{twenty}");
}

#[test]
fn a_file_that_is_refused_is_told_with_table_and_column_in_turkish_too() {
    let hub = Hub::start();
    let path = hub.folder.path().join("other.db");
    let sql = "create table employees (id integer primary key, tc_no text)";
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let name = path.to_str().unwrap();
    let turkish = "`employees` tablosunda `full_name` sütunu yok: dosya programın başka bir sürümünden";
    for command in [&["import", name, "--region", "Izmir"][..], &["compare", name, name]] {
        let told = |language: &str| {
            hub.denk(&[command, &["--lang", language]].concat()).1["error"]["why"].to_string()
        };
        assert!(told("tr").contains(turkish), "{}", told("tr"));
        assert!(told("en").contains("table `employees` has no column `full_name`"), "{}", told("en"));
    }
}

/// A file from before regions came into being.
fn without_regions(hub: &Hub) -> String {
    let path = hub.folder.path().join("pre.db");
    let office = Office { shape: Shape::PreSync, size: Size::small(), region: "Ankara", seed: 7 };
    office::generate(&path, &office).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn rows_without_a_region_come_in_only_when_somebody_says_whose_they_are() {
    let hub = Hub::start();
    let file = without_regions(&hub);
    let (code, planned) = hub.denk(&["import", &file, "--dry-run"]);
    let counts = serde_json::json!({ "employees": 9, "timesheets": 76 });
    assert_eq!((code, &planned["regionless"]), (0, &counts), "{planned:#}");
    let (code, refused) = hub.denk(&["import", &file]);
    assert_eq!((code, &refused["error"]["code"]), (2, &"DENK-4004".into()), "{refused:#}");
    let hint = refused["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("--region"), "{hint}");
    assert_eq!(hub.get("/status", Some("shared")).1["employees"], 0, "nothing was written");
    let (code, done) = hub.denk(&["import", &file, "--region", "Ankara"]);
    assert_eq!((code, &done["tables"]["employees"]["repaired"]), (0, &9.into()), "{done:#}");
    assert_eq!(
        rows(&hub.folder.path().join("data/hub.db"), "select distinct region from employees"),
        ["Ankara"]
    );
    let (code, slip) = hub.denk(&["import", &file, "--region", "ankara"]);
    assert_eq!((code, &slip["error"]["code"]), (2, &"DENK-4004".into()), "{slip:#}");
}

#[test]
fn a_file_of_several_regions_with_gaps_comes_in_with_two_imports_as_the_hint_says() {
    let hub = Hub::start();
    let path = hub.file("mixed.db", "Izmir", 8);
    let gaps = "update employees set region = '' where id % 2 = 0; update timesheets set region = null where employee_id % 2 = 0;
                update employees set region = 'Bursa' where id % 3 = 0; update timesheets set region = 'Bursa' where employee_id % 3 = 0;";
    Connection::open(&path).unwrap().execute_batch(gaps).unwrap();
    let file = path.to_str().unwrap();
    assert_eq!(hub.denk(&["import", file, "--region", "Izmir"]).0, 3, "rows of another region are refused");
    assert_eq!(hub.denk(&["import", file, "--region", "*"]).0, 0);
    let store = hub.folder.path().join("data/hub.db");
    let owned = "select full_name || ' ' || coalesce(nullif(region, ''), 'Izmir') from employees order by 1";
    assert_eq!(rows(&store, owned), rows(&path, owned));
    let regions = "select distinct coalesce(region, '') from employees order by 1";
    assert_eq!(
        (rows(&path, regions), rows(&store, regions)),
        (vec!["".into(), "Bursa".into(), "Izmir".into()], vec!["Bursa".into(), "Izmir".into()])
    );
}

#[test]
fn what_is_not_there_is_told_before_anything_is_written() {
    let hub = Hub::start();
    let there = hub.file("there.db", "Izmir", 9);
    for other in ["missing.db", "."] {
        let (code, said) = hub.denk(&["import", there.to_str().unwrap(), other, "--region", "Izmir"]);
        let error = &said["error"];
        assert_eq!((code, &error["code"]), (1, &"DENK-5005".into()), "{said:#}");
        assert!(error["why"].as_str().unwrap().contains("there is no file"), "{said:#}");
    }
    assert_eq!(hub.get("/status", Some("shared")).1["employees"], 0);
    assert_eq!(hub.denk(&["compare", there.to_str().unwrap(), "missing.db"]).0, 1);
}

#[test]
fn a_dry_run_makes_no_store() {
    let hub = Hub::start();
    let file = hub.file("old.db", "Izmir", 10);
    let elsewhere = hub.folder.path().join("elsewhere");
    let (code, planned) =
        hub.denk(&["import", file.to_str().unwrap(), "--dry-run", "--data", elsewhere.to_str().unwrap()]);
    assert_eq!((code, &planned["tables"]["employees"]["new"]), (0, &9.into()), "{planned:#}");
    assert!(fs::exists(&elsewhere).is_ok_and(|there| !there));
}

#[test]
fn dates_and_times_that_are_none_come_in_as_they_are_and_are_told() {
    let hub = Hub::start();
    let path = hub.file("odd.db", "Izmir", 11);
    let odd = "update timesheets set start_time = '25:99' where id in (select id from timesheets order by id limit 7);
               update timesheets set work_date = '31.01.2026' where id = (select max(id) from timesheets);";
    Connection::open(&path).unwrap().execute_batch(odd).unwrap();
    let file = path.to_str().unwrap();
    let first = rows(&path, "select cast(id as text) from timesheets order by id limit 5");
    let last = rows(&path, "select cast(max(id) as text) from timesheets");
    let told = serde_json::json!([
        { "file": file, "table": "timesheets", "column": "work_date", "no": "date", "rows": 1, "first": last },
        { "file": file, "table": "timesheets", "column": "start_time", "no": "time", "rows": 7, "first": first },
    ]);
    assert_eq!(hub.denk(&["import", file, "--region", "Izmir", "--dry-run"]).1["odd"], told);
    let (code, done) = hub.denk(&["import", file, "--region", "Izmir"]);
    assert_eq!((code, &done["odd"]), (0, &told), "{done:#}");
    let cells = "select start_time || work_date from timesheets order by 1";
    assert_eq!(
        rows(&hub.folder.path().join("data/hub.db"), cells),
        rows(&path, cells),
        "nothing was altered"
    );
}

#[test]
fn a_dry_run_says_what_would_be_done_for_want_of_a_region() {
    let hub = Hub::start();
    let file = without_regions(&hub);
    let without = said(&hub, &["import", &file, "--dry-run"]);
    assert!(
        without.contains("nothing would be written either") && !without.contains("go into the hub"),
        "{without}"
    );
    let with = said(&hub, &["import", &file, "--dry-run", "--region", "Ankara"]);
    assert!(with.contains("the rows above go into the hub"), "{with}");
}
