//! What the old programs and scripts get.

use std::time::Duration;

use hub::Limits;
use reqwest::{StatusCode, header, multipart};
use serde_json::{Value, json};
use store::Role;
use tokio::time::timeout;

use testkit::office::{ACCOUNTS, Desktop, Generation, Moment};

use crate::world::{SHARED_KEY, behind_proxy, changed, hub, hub_with, json as read, number, office_file};

#[tokio::test]
async fn health_asks_the_store() {
    let world = hub().await;
    let (status, body) = read(world.get("/health").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["status"], "ok");
    assert!(body["timestamp"].as_str().unwrap().starts_with("2026-01-19T06:00:00"), "{body}");
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));

    world.run_sql("drop table denk_meta");
    let (status, body) = read(world.get("/health").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((&body["status"], &body["cause"]), (&json!("error"), &json!("store")));
    assert!(!body.to_string().contains("denk_meta"), "no words of a driver: {body}");
}

#[tokio::test]
async fn health_says_that_the_disk_is_full_before_an_upload_is_lost() {
    for (free_bytes_min, status, cause) in
        [(0, StatusCode::OK, Value::Null), (u64::MAX, StatusCode::SERVICE_UNAVAILABLE, json!("disk_full"))]
    {
        let world = hub_with(|settings| settings.limits.free_bytes_min = free_bytes_min).await;
        let (answered, body) = read(world.get("/health").send().await.unwrap()).await;
        assert_eq!((answered, &body["cause"]), (status, &cause), "{body}");
        assert_eq!(world.get("/status").send().await.unwrap().status(), status);
    }
}

/// The store itself still answers, and small things can be stored: that is how a full disk looks.
#[tokio::test]
async fn health_tells_that_uploads_cannot_be_stored_until_there_is_room_again() {
    let world = hub().await;
    let health = async || world.get("/health").send().await.unwrap().status();
    let send =
        async || world.upload(SHARED_KEY, "Ankara", office_file("Ankara", 1)).send().await.unwrap().status();
    let (uploads, away) = (world.folder.path().join("uploads"), world.folder.path().join("away"));
    std::fs::rename(&uploads, &away).unwrap();
    std::fs::write(&uploads, "no folder").unwrap();
    assert_eq!(health().await, StatusCode::OK, "nobody knows yet");
    assert!(send().await.is_server_error());
    for _ in 0..3 {
        world.store.note("admin", "log_in", "").await.unwrap();
        assert_eq!(health().await, StatusCode::SERVICE_UNAVAILABLE);
        assert!(world.store.pulse().failing);
    }
    std::fs::remove_file(&uploads).unwrap();
    std::fs::rename(&away, &uploads).unwrap();
    assert_eq!(health().await, StatusCode::OK, "without another upload");
    assert!(!uploads.join("room.part").exists());
    assert_eq!(send().await, StatusCode::OK);
    assert_eq!(health().await, StatusCode::OK);
}

/// Another hub on the same store has it for itself: the writer waits, as others do behind a large file.
#[tokio::test]
async fn health_tells_in_time_that_the_writer_is_busy_and_whether_it_still_moves() {
    let hour = Duration::from_hours(1);
    for (writer_stuck, expected) in
        [(hour, (StatusCode::OK, "ok")), (Duration::ZERO, (StatusCode::SERVICE_UNAVAILABLE, "error"))]
    {
        let world = hub_with(|settings| {
            let writer_wait = Duration::from_millis(100);
            settings.limits = Limits { writer_wait, writer_stuck, ..Limits::default() };
        })
        .await;
        let mut other = database::open(&world.address).await.unwrap();
        other.begin(database::Begin::Own).await.unwrap();
        other.lock("denk hub", hour).await.unwrap();
        let (status, body) = read(world.get("/health").send().await.unwrap()).await;
        assert_eq!((status, &body["status"]), (expected.0, &json!(expected.1)), "{body}");
        assert_eq!(body["busy_ms"].is_u64(), expected.0 == StatusCode::OK, "{body}");
        let open = world.get("/status").send().await.unwrap().status();
        assert_eq!(open, expected.0, "what anybody may ask is answered, too");
        other.rollback().await.unwrap();
        // It is asked itself again as soon as it is free.
        let free = async {
            loop {
                let (status, body) = read(world.get("/health").send().await.unwrap()).await;
                if status == StatusCode::OK && body.get("busy_ms").is_none() {
                    return;
                }
            }
        };
        timeout(Duration::from_secs(30), free).await.expect("the writer goes on");
    }
}

#[tokio::test]
async fn the_old_keep_alive_is_answered_to_anyone() {
    let world = hub().await;
    for request in [world.get("/auto-sync"), world.post("/auto-sync")] {
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!((status, &body["success"]), (StatusCode::OK, &json!(true)));
    }
    let file = multipart::Part::bytes(office_file("Ankara", 1)).file_name("puantaj.db");
    let form = multipart::Form::new().part("db", file);
    let sent = world.post("/auto-sync").header("X-API-KEY", SHARED_KEY).multipart(form).send().await.unwrap();
    let (status, body) = read(sent).await;
    assert_eq!((status, &body["success"]), (StatusCode::OK, &json!(false)), "nothing was taken");
    assert_eq!(body["error"], "Burada dosya alınmaz; dosyalar /sync adresine gönderilir");
    assert_eq!(world.rows("employees").await, 0);
    let head = world.client.head(format!("{}/auto-sync", world.base)).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_file_is_merged_and_the_answer_counts_its_rows() {
    let world = hub().await;
    let token = world.token("Ankara PC", "Ankara").await;
    let file = office_file("Ankara", 1);
    let people = number(&file, "select count(*) from employees");
    // The second generation always says Ankara: the token counts, not the header.
    let sent = world.upload(&token, "Bursa", file.clone()).header("X-Reason", "manual").send().await.unwrap();
    let (status, body) = read(sent).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["success"], true);
    assert_eq!(body["region"], "Ankara");
    assert!(body["message"].is_string() && body["timestamp"].is_string());
    assert_eq!((&body["conflicts"], &body["held"]), (&json!(0), &json!(0)));
    assert_eq!(body["tables"]["employees"]["inserted"], people);
    for count in ["updated", "deleted", "unchanged", "refused"] {
        assert_eq!(body["tables"]["employees"][count], 0, "{count}");
    }
    assert_eq!(world.rows("employees").await, people as u64);
    assert_eq!(world.store.sites().await.unwrap()[0].last_reason.as_deref(), Some("manual"));
    assert_eq!(world.incoming(), [] as [std::path::PathBuf; 0], "temporary files go");

    let (_, body) = read(world.upload(&token, "Ankara", file).send().await.unwrap()).await;
    assert_eq!(body["tables"]["employees"]["unchanged"], people);
    assert_eq!(world.rows("employees").await, people as u64);
}

#[tokio::test]
async fn the_field_may_be_called_file() {
    let world = hub().await;
    let token = world.token("Ankara PC", "Ankara").await;
    let file = multipart::Part::bytes(office_file("Ankara", 1)).file_name("../../etc/puantaj.db");
    let form = multipart::Form::new().text("note", "x").part("file", file).text("more", "y");
    let sent = world.post("/sync").header("X-API-KEY", &token).multipart(form).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
}

#[tokio::test]
async fn whoever_shows_no_valid_key_is_told_so_and_nothing_else() {
    let world = hub().await;
    let revoked = world.token("Old PC", "Ankara").await;
    world.store.revoke_site("Old PC").await.unwrap();
    let refused = json!({ "success": false, "error": "Invalid API key" });
    let file = office_file("Ankara", 1);
    for key in ["", "wrong", &revoked, &revoked[..10], &"x".repeat(1000), "' or 1=1 --"] {
        let (status, body) = read(world.upload(key, "Ankara", file.clone()).send().await.unwrap()).await;
        assert_eq!((status, body), (StatusCode::UNAUTHORIZED, refused.clone()), "{key}");
        for path in ["/sync/download", "/status"] {
            let (status, body) = read(world.get(path).header("X-API-KEY", key).send().await.unwrap()).await;
            assert_eq!((status, body), (StatusCode::UNAUTHORIZED, refused.clone()), "{path} {key}");
        }
    }
    let (status, body) = read(world.get("/sync/download").send().await.unwrap()).await;
    assert_eq!((status, body), (StatusCode::UNAUTHORIZED, refused.clone()), "no key at all");
    let two = world.get("/status").header("X-API-KEY", SHARED_KEY).header("X-API-KEY", "wrong");
    assert_eq!(two.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "two keys");
    assert_eq!(world.rows("employees").await, 0);
}

#[tokio::test]
async fn without_a_shared_key_only_tokens_count() {
    let world = hub_with(|settings| settings.api_key = None).await;
    for key in ["", SHARED_KEY] {
        let sent = world.upload(key, "Ankara", office_file("Ankara", 1)).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::UNAUTHORIZED, "{key:?}");
    }
    assert!(hub::ApiKey::new(" \t").is_none(), "a blank key is none");
}

#[tokio::test]
async fn a_request_without_a_file_is_told_so() {
    let world = hub().await;
    let refused = json!({ "success": false, "error": "No database file in request" });
    let sync = || world.post("/sync").header("X-API-KEY", SHARED_KEY).header("X-Region", "Ankara");
    let file = || multipart::Part::bytes(office_file("Ankara", 1));
    let requests = [
        sync(),
        sync().body("hello"),
        sync().json(&json!({ "db": "x" })),
        sync().form(&[("db", "x")]),
        sync().multipart(multipart::Form::new()),
        sync().multipart(multipart::Form::new().text("db", "not a file")),
        sync().multipart(multipart::Form::new().part("db", file().file_name(""))),
        sync().multipart(multipart::Form::new().part("database", file().file_name("puantaj.db"))),
    ];
    for (at, request) in requests.into_iter().enumerate() {
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!((status, body), (StatusCode::BAD_REQUEST, refused.clone()), "request {at}");
    }
    assert_eq!(world.rows("employees").await, 0);
}

#[tokio::test]
async fn a_file_that_is_no_office_file_is_refused_with_a_reason_and_nothing_is_stored() {
    let world = hub().await;
    let live = office_file("Ankara", 1);
    let mut damaged = live.clone();
    let middle = damaged.len() / 2;
    damaged[4096..middle].fill(0xa5);
    let other = changed(&[], "create table cars (id integer primary key); insert into cars values (1)");
    let cases = [
        (b"hello".to_vec(), "not_a_database", "Dosya bir SQLite veritabanı değil ya da şifreli"),
        (Vec::new(), "not_a_database", "Dosya bir SQLite veritabanı değil ya da şifreli"),
        (damaged, "damaged", "Veritabanı bozuk"),
        (live[..live.len() / 2].to_vec(), "damaged", "Veritabanı bozuk"),
        (other, "unknown_shape", "Dosyada merkezin birleştirdiği tablolardan hiçbiri yok"),
    ];
    for (file, code, error) in cases {
        let (status, body) = read(world.upload(SHARED_KEY, "Ankara", file).send().await.unwrap()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{code} {body}");
        assert_eq!((&body["success"], &body["code"]), (&json!(false), &json!(code)));
        assert_eq!(body["error"], error);
    }
    assert_eq!(world.rows("employees").await, 0);
    world.nothing_incoming().await;
}

#[tokio::test]
async fn a_refusal_names_table_and_column_in_either_language() {
    let world = hub().await;
    let cases = [
        (
            "create table employees (id integer primary key, name text)",
            "`employees` tablosunda `full_name` sütunu yok: dosya programın başka bir sürümünden",
            "table `employees` has no column `full_name`: the file is of another edition of the program",
        ),
        (
            "create table vehicles (id integer, plate text); insert into vehicles values (3, 'a'), (3, 'b')",
            "`vehicles` tablosunda 2. satırın numarası yok ya da başka bir satırın numarasıyla aynı",
            "row 2 of table `vehicles` has no id, or the id of another row",
        ),
        (
            "create table drivers (id integer primary key, full_name text);
             insert into drivers values (4, cast(x'ff' as text))",
            "`drivers` tablosunda 4. satırın `full_name` sütunundaki metin UTF-8 değil",
            "column `full_name` of row 4 of table `drivers` holds a text that is not UTF-8",
        ),
        (
            "create table users (id integer primary key, username text); create table settings (key text, value text);
             insert into users values (1, 'admin')",
            "Dosyada merkezin birleştirdiği tablolardan hiçbiri yok",
            "the file has none of the tables that the hub merges",
        ),
    ];
    for (sql, turkish, english) in cases {
        for (language, error) in [("tr", turkish), ("en", english)] {
            let upload = world.upload(SHARED_KEY, "Ankara", changed(&[], sql));
            let told = upload.header(header::ACCEPT_LANGUAGE, language).send().await.unwrap();
            let (status, body) = read(told).await;
            assert_eq!((status, &body["error"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(error)), "{body}");
        }
    }
}

#[tokio::test]
async fn a_file_with_empty_tables_is_a_new_pcs_and_is_taken() {
    let world = hub().await;
    let empty = changed(&[], "create table employees (id integer primary key, full_name text)");
    let (status, body) = read(world.upload(SHARED_KEY, "Ankara", empty).send().await.unwrap()).await;
    assert_eq!((status, &body["tables"]["employees"]["read"]), (StatusCode::OK, &json!(0)), "{body}");
}

#[tokio::test]
async fn reasons_are_told_in_the_language_of_whoever_asks() {
    let world = hub().await;
    let file = changed(
        &office_file("Ankara", 1),
        "pragma foreign_keys = off; create table lists (id integer primary key); alter table employees add column shoe_size integer;
         update employees set region = 'Bursa' where id = (select min(id) from employees);
         insert into timesheets (id, employee_id, work_date, start_time, end_time)
             values (990001, 990002, '2026-01-02', '08:00', '17:00')",
    );
    let words = [
        ("unknown_table", "tablo bilinmiyor; alınmadı", "the table is not known: left out"),
        (
            "unknown_column",
            "`shoe_size` sütunu bilinmiyor; alınmadı",
            "column `shoe_size` is not known: left out",
        ),
        ("region", "satır bu bilgisayarın bölgesinden değil", "the row is not of this site's region"),
        (
            "orphan",
            "`employee_id` dosyada olmayan bir satırı gösteriyor",
            "`employee_id` names a row that is not in the file",
        ),
    ];
    for (at, language) in ["tr", "en"].into_iter().enumerate() {
        let token = world.token(language, "Ankara").await;
        let upload = world.upload(&token, "", file.clone()).header(header::ACCEPT_LANGUAGE, language);
        let (_, body) = read(upload.send().await.unwrap()).await;
        for (code, turkish, english) in words {
            let found = body["reasons"].as_array().unwrap().iter().find(|reason| reason["reason"] == code);
            assert_eq!(found.unwrap()["what"], [turkish, english][at], "{body:#}");
        }
    }
    // The row's number in the file, and in words what became of it.
    world.person("yonetici", Role::Admin, "*", "uzun bir parola").await;
    let page = world.dashboard_of("yonetici", "uzun bir parola").await;
    assert!(page.contains("1 rows · Employees 1 · not of this PC&#39;s region; not taken</td>"), "{page}");
}

#[tokio::test]
async fn a_file_above_the_limit_is_413() {
    let world =
        hub_with(|settings| settings.limits = Limits { upload_bytes_max: 50_000, ..Limits::default() }).await;
    for (asked, error) in [
        ("", "Dosya çok büyük: en fazla 50000 bayt alınır"),
        ("tr-TR, en", "Dosya çok büyük: en fazla 50000 bayt alınır"),
        ("de, en-GB;q=0.8", "The file is too large: at most 50000 bytes are taken"),
    ] {
        let upload = world.upload(SHARED_KEY, "Ankara", vec![b'x'; 60_000]);
        let told = upload.header(header::ACCEPT_LANGUAGE, asked).send().await.unwrap();
        assert_eq!(told.headers()[header::CONTENT_TYPE], "application/json");
        let (status, body) = read(told).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(body, json!({ "success": false, "error": error }));
    }
    world.nothing_incoming().await;
}

#[tokio::test]
async fn a_download_is_the_devices_own_file() {
    let world = hub().await;
    let (ankara, bursa) = (world.token("Ankara PC", "Ankara").await, world.token("Bursa PC", "Bursa").await);
    let file = office_file("Ankara", 1);
    let people = number(&file, "select count(*) from employees");
    for (token, file) in [(&ankara, file), (&bursa, office_file("Bursa", 2))] {
        assert_eq!(world.upload(token, "", file).send().await.unwrap().status(), StatusCode::OK);
    }
    let get = || world.get("/sync/download").header("X-API-KEY", &ankara);
    let answer = get().send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_DISPOSITION], "attachment; filename=puantaj.db");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/octet-stream");
    let etag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 10, "{etag}");
    let length: usize = answer.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(bytes.len(), length);
    assert_eq!(number(&bytes, "select count(*) from employees"), people);
    assert_eq!(number(&bytes, "select count(*) from employees where region <> 'Ankara'"), 0);

    for tags in [etag.clone(), format!("\"other\", W/{etag}"), "*".to_owned()] {
        let again = get().header(header::IF_NONE_MATCH, &tags).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{tags}");
        assert_eq!(again.headers()[header::ETAG], *etag);
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let other = get().header(header::IF_NONE_MATCH, "\"other\"").send().await.unwrap();
    assert_eq!((other.status(), other.bytes().await.unwrap()), (StatusCode::OK, bytes));
}

#[tokio::test]
async fn behind_the_shared_key_a_file_is_fetched_for_whoever_sent_one_from_there() {
    let world = hub().await;
    let (ankara, bursa) = (office_file("Ankara", 1), office_file("Bursa", 2));
    let regions = "select count(distinct region) from employees";
    let fetch = async |region: &str| {
        let mut request = world.get("/sync/download").header("X-API-KEY", SHARED_KEY);
        if !region.is_empty() {
            request = request.header("X-Region", region);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap()
    };
    let (status, body) = read(world.upload(SHARED_KEY, "Ankara", ankara).send().await.unwrap()).await;
    assert_eq!((status, &body["region"]), (StatusCode::OK, &json!("Ankara")));
    let own = fetch("").await;
    assert_eq!(
        number(&own, "select count(*) from employees where region = 'Ankara'"),
        number(&own, "select count(*) from employees")
    );

    assert_eq!(world.upload(SHARED_KEY, "Bursa", bursa).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(number(&fetch("").await, regions), 2, "two offices behind one address: what the key may see");
    assert_eq!(number(&fetch("Bursa").await, regions), 1);
    let names: Vec<_> = world.store.sites().await.unwrap().into_iter().map(|site| site.name).collect();
    assert_eq!(names, ["shared:Ankara", "shared:Bursa", "shared:*"], "one device a region");
}

#[tokio::test]
async fn many_at_once_behind_one_key_each_get_their_file() {
    let world = hub().await;
    let file = office_file("Ankara", 1);
    let people = number(&file, "select count(*) from employees");
    assert_eq!(world.upload(SHARED_KEY, "Ankara", file).send().await.unwrap().status(), StatusCode::OK);
    let fetch = async || {
        let answer = world.get("/sync/download").header("X-API-KEY", SHARED_KEY).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap()
    };
    for _ in 0..3 {
        let files = futures_util::future::join_all((0..12).map(|_| fetch())).await;
        assert!(files.iter().all(|file| number(file, "select count(*) from employees") == people));
    }
    fetch().await;
    let left = std::fs::read_dir(world.folder.path().join("hand_outs")).unwrap().count();
    assert!(left <= 2, "{left} files stay");
}

#[tokio::test]
async fn the_shared_key_needs_a_region_that_is_a_name() {
    let world = hub().await;
    for region in ["", "../../etc/passwd", "a/b", "<script>", "Ankara\t", &"x".repeat(100)] {
        let sent = world.upload(SHARED_KEY, region, office_file("Ankara", 1)).send().await.unwrap();
        let (status, body) = read(sent).await;
        let expected = (StatusCode::BAD_REQUEST, json!({ "success": false, "error": "Bölge geçersiz" }));
        if region == "Ankara\t" {
            assert_eq!(status, StatusCode::OK);
        } else {
            assert_eq!((status, body), expected, "{region}");
        }
    }
    assert_eq!(world.store.sites().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_status_is_open_and_its_counts_need_a_key() {
    let world = hub().await;
    let (ankara, bursa) = (world.token("Ankara PC", "Ankara").await, world.token("Bursa PC", "Bursa").await);
    for (token, region, seed) in [(&ankara, "Ankara", 1), (&bursa, "Bursa", 2)] {
        assert_eq!(
            world.upload(token, "", office_file(region, seed)).send().await.unwrap().status(),
            StatusCode::OK
        );
    }
    let (status, body) = read(world.get("/status").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    let known: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(known, ["success", "status", "version", "timestamp"]);

    let (_, body) = read(world.get("/status").header("X-API-KEY", SHARED_KEY).send().await.unwrap()).await;
    assert_eq!(body["success"], true);
    for table in ["employees", "timesheets", "vehicles", "drivers"] {
        assert_eq!(body[table], world.rows(table).await, "{table}");
        let of = |region: &str| body["regions"][region][table].as_u64().unwrap_or_default();
        assert_eq!(of("Ankara") + of("Bursa"), body[table].as_u64().unwrap(), "{table}");
    }
    assert!(body["regions"]["Ankara"]["last_entry"].is_string());
    let sites = body["sites"].as_array().unwrap();
    assert_eq!(sites.len(), 2);
    let keys: Vec<&str> = sites[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["name", "region", "state", "last_contact", "waiting", "revoked"]);
    assert_eq!((&sites[0]["name"], &sites[0]["state"]), (&json!("Ankara PC"), &json!("active")));

    let (_, body) = read(world.get("/status").header("X-API-KEY", &bursa).send().await.unwrap()).await;
    assert_eq!(body["regions"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Bursa"]);
    assert_eq!(body["sites"].as_array().unwrap().len(), 1, "an office does not see the others");
    for table in ["employees", "timesheets", "stock_inventory"] {
        assert_eq!(body[table], body["regions"]["Bursa"][table], "{table}: its own rows only");
    }
    assert_eq!(body["shift_templates"], world.rows("shift_templates").await, "what everybody shares");

    // Something of Ankara's waits: no business of Bursa's.
    let own = world.get("/sync/download").header("X-API-KEY", &ankara).send().await.unwrap();
    let emptied = changed(&own.bytes().await.unwrap(), "delete from timesheets");
    assert_eq!(world.upload(&ankara, "", emptied).send().await.unwrap().status(), StatusCode::OK);
    for (token, held) in [(&ankara, 1), (&bursa, 0)] {
        let (_, body) = read(world.get("/status").header("X-API-KEY", token).send().await.unwrap()).await;
        assert_eq!(body["held"], held, "{body}");
    }
}

/// The file of a PC that cannot be told apart: rows of all regions, and no PC's own tables. The old program makes what
/// it needs by itself.
#[tokio::test]
async fn a_stranger_behind_the_shared_key_gets_nobodys_own_tables() {
    let world = hub().await;
    let secret = "insert or replace into settings (key, value) values ('company_name', 'Gizli A.Ş.')";
    let headquarters = changed(&office_file("Ankara", 1), secret);
    for (region, file) in [("*", headquarters), ("Bursa", office_file("Bursa", 2))] {
        assert_eq!(world.upload(SHARED_KEY, region, file).send().await.unwrap().status(), StatusCode::OK);
    }
    let fetch = async |region: &str| {
        let asked = world.get("/sync/download").header("X-API-KEY", SHARED_KEY);
        let asked = if region.is_empty() { asked } else { asked.header("X-Region", region) };
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.unwrap()
    };
    let own = "select (select count(*) from users) + (select count(*) from settings) + (select count(*) from reports)";
    for _ in 0..2 {
        let file = fetch("").await;
        assert_eq!(number(&file, own), 0);
        assert_eq!(number(&file, "select count(distinct region) from timesheets"), 2);
        for generation in [Generation::D1, Generation::D2] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("puantaj.db");
            let program = Desktop::start(&path, generation, "Bursa", Moment::USUAL).unwrap();
            program.receive(&file).unwrap();
            for account in ACCOUNTS {
                let region = program.log_in(account.username, account.password).unwrap();
                assert_eq!(region.as_deref(), Some(account.region), "{}", account.username);
            }
            assert!(number(&program.upload().unwrap(), "select count(*) from settings") >= 10);
        }
    }
    let headquarters = fetch("*").await;
    assert_eq!(number(&headquarters, "select count(*) from settings where value = 'Gizli A.Ş.'"), 1);
}

/// The key alone says nothing of who shows it: a PC's own tables go where that PC's file came from.
#[tokio::test]
async fn own_tables_go_only_where_a_file_of_the_region_came_from() {
    let world = hub_with(behind_proxy).await;
    let (office, other) = ("10.0.0.6", "10.0.0.7");
    let send = async |from: &str, region: &str, file: Vec<u8>| {
        let request = world.upload(SHARED_KEY, region, file).header("X-Forwarded-For", from);
        request.send().await.unwrap().status()
    };
    let fetch = async |from: &str, region: &str| {
        let asked = world.get("/sync/download").header("X-API-KEY", SHARED_KEY);
        let answer = asked.header("X-Region", region).header("X-Forwarded-For", from).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let file = answer.bytes().await.unwrap();
        let own = number(&file, "select (select count(*) from users) + (select count(*) from settings)");
        (own > 0, number(&file, "select count(*) from employees"))
    };
    let file = office_file("Ankara", 1);
    let people = number(&file, "select count(*) from employees");
    assert_eq!(send(office, "Ankara", file).await, StatusCode::OK);
    assert_eq!(fetch(office, "Ankara").await, (true, people));
    assert_eq!(fetch(other, "Ankara").await, (false, people));
    assert_eq!(send(other, "Ankara", b"no file".to_vec()).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fetch(other, "Ankara").await, (false, people), "nothing came from there");
    assert_eq!(send(other, "Bursa", office_file("Bursa", 2)).await, StatusCode::OK);
    assert_eq!(fetch(other, "Ankara").await, (false, people), "another region's did");
    world.clock.fetch_add(24 * 60 * 60 * 1000, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(fetch(office, "Ankara").await, (false, people), "long ago");
}

#[tokio::test]
async fn a_download_makes_no_site_for_a_region() {
    let world = hub().await;
    let token = world.token("Ankara PC", "Ankara").await;
    let sent = world.upload(&token, "", office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let fetch = async |region: &str| {
        let asked = world.get("/sync/download").header("X-API-KEY", SHARED_KEY).header("X-Region", region);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        number(&answer.bytes().await.unwrap(), "select count(*) from employees")
    };
    assert_eq!(fetch("Ankara").await as u64, world.rows("employees").await);
    for at in 0..3 {
        assert_eq!(fetch(&format!("Made up {at}")).await, 0, "no more than what was asked for");
    }
    let names: Vec<_> = world.store.sites().await.unwrap().into_iter().map(|site| site.name).collect();
    assert_eq!(names, ["Ankara PC", "shared:*"]);
}

#[tokio::test]
async fn what_is_not_there_is_said_in_json_and_every_answer_is_hardened() {
    let world = hub().await;
    let (status, body) = read(world.get("/nothing/../here").send().await.unwrap()).await;
    assert_eq!((status, &body["success"]), (StatusCode::NOT_FOUND, &Value::Bool(false)));
    let (status, _) = read(world.get("/sync").send().await.unwrap()).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    for path in ["/health", "/login", "/nothing", "/status", "/sync/download", "/dashboard"] {
        let answer = world.get(path).send().await.unwrap();
        let headers = answer.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!headers.contains_key("server"));
    }
}

#[tokio::test]
async fn while_a_file_waits_for_approval_nothing_replaces_it() {
    let world = hub().await;
    let token = world.token("Ankara PC", "Ankara").await;
    let fetch = || world.get("/sync/download").header("X-API-KEY", &token).send();
    let sent = world.upload(&token, "", office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let own = fetch().await.unwrap().bytes().await.unwrap();
    let emptied = changed(&own, "delete from timesheets");
    let (status, body) = read(world.upload(&token, "", emptied).send().await.unwrap()).await;
    assert_eq!((status, &body["success"]), (StatusCode::OK, &json!(true)), "{body}");
    assert!(body["held"].as_u64().unwrap() > 0, "{body}");
    assert!(body["message"].as_str().unwrap().contains("onay bekliyor"));
    let (status, body) = read(fetch().await.unwrap()).await;
    assert_eq!((status, &body["success"]), (StatusCode::CONFLICT, &json!(false)), "{body}");
    assert!(body["error"].as_str().unwrap().contains("onay bekliyor"), "{body}");
    let (_, body) = read(world.get("/status").header("X-API-KEY", &token).send().await.unwrap()).await;
    assert_eq!((&body["held"], &body["sites"][0]["state"]), (&json!(1), &json!("held")));
}
