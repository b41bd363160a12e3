//! Files go up and come down.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::hub::{Hub, rows};

const PEOPLE: &str = "select full_name from employees order by full_name";

#[test]
fn two_offices_and_headquarters_each_get_what_is_theirs() {
    let hub = Hub::start();
    let (ankara, bursa) = (hub.file("ankara.db", "Ankara", 1), hub.file("bursa.db", "Bursa", 2));
    let (first, second, all) =
        (hub.add_site("a", "Ankara"), hub.add_site("b", "Bursa"), hub.add_site("hq", "*"));
    assert_eq!(hub.upload(&first, "Ankara", &ankara).0, 200);
    // The old program says Ankara wherever it stands; the token knows better.
    let (status, said) = hub.upload(&second, "Ankara", &bursa);
    assert_eq!((status, said["region"].as_str().unwrap()), (200, "Bursa"), "{said:#}");
    let (mine, everything) = (hub.folder.path().join("mine.db"), hub.folder.path().join("all.db"));
    assert_eq!(hub.download(&second, "Ankara", &mine), 200);
    assert_eq!(rows(&mine, PEOPLE), rows(&bursa, PEOPLE));
    assert_eq!(rows(&mine, "select distinct region from timesheets"), ["Bursa"]);
    assert_eq!(hub.download(&all, "", &everything), 200);
    let hours = "select e.full_name || t.work_date || t.start_time from timesheets t join employees e on e.id = t.employee_id order by 1";
    let mut expected = [rows(&ankara, hours), rows(&bursa, hours)].concat();
    expected.sort();
    assert_eq!(rows(&everything, hours), expected, "everybody's hours are still their own");
    assert_eq!(
        hub.upload("wrong", "Ankara", &ankara),
        (401, serde_json::json!({"success": false, "error": "Invalid API key"}))
    );
    let (status, counts) = hub.get("/status", Some(&first));
    assert_eq!((status, counts["success"].as_bool()), (200, Some(true)), "{counts:#}");
}

#[test]
fn an_answered_upload_outlives_the_hub() {
    let mut hub = Hub::start();
    let token = hub.add_site("a", "Ankara");
    let file = hub.file("ankara.db", "Ankara", 3);
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    hub.kill();
    hub.serve();
    let back = hub.folder.path().join("back.db");
    assert_eq!(hub.download(&token, "Ankara", &back), 200);
    assert_eq!(rows(&back, PEOPLE), rows(&file, PEOPLE));
    let (_, said) = hub.upload(&token, "Ankara", &back);
    let changed = |table: &Value| ["inserted", "updated", "deleted"].iter().any(|what| table[what] != 0);
    assert!(!said["tables"].as_object().unwrap().values().any(changed), "{said:#}");
    assert_eq!(hub.get("/health", None).1["status"], "ok");
}

#[test]
fn sites_are_listed_renamed_and_revoked() {
    let hub = Hub::start();
    let token = hub.add_site("a", "Ankara");
    let enrolment = hub.denk(&["site", "add", "b", "--region", "Bursa"]).1;
    assert!(enrolment["enrolment"].as_str().unwrap().starts_with("denk+http"), "{enrolment:#}");
    assert_eq!(hub.denk(&["site", "add", "a", "--region", "Ankara"]).0, 1);
    for slip in ["ankara", "ANKARA ", "bursA"] {
        assert_eq!(hub.denk(&["site", "add", "c", "--region", slip]).0, 2, "{slip}");
    }
    assert_eq!(hub.denk(&["site", "rename", "a", "first"]).0, 0);
    assert_eq!(hub.denk(&["site", "revoke", "nobody"]).0, 1);
    let file = hub.file("ankara.db", "Ankara", 6);
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    assert_eq!(hub.denk(&["site", "revoke", "first"]).0, 0);
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 401, "within a second means at once");
    let listed = hub.denk(&["site", "list"]).1;
    let of = |name: &str| {
        listed["sites"].as_array().unwrap().iter().find(|site| site["name"] == name).unwrap().clone()
    };
    assert_eq!((&of("first")["revoked"], &of("b")["state"]), (&true.into(), &"new".into()), "{listed:#}");
    assert!(of("first")["last_contact"].is_string());
}

#[test]
fn an_enrolment_line_names_what_offices_can_reach() {
    let hub = Hub::start();
    let line = |name: &str, settings: &str| {
        fs::write(hub.folder.path().join("denk.toml"), format!("[hub]\n{settings}")).unwrap();
        let (code, said) = hub.denk(&["site", "add", name, "--region", "Ankara"]);
        assert_eq!(code, 0, "{said:#}");
        said["enrolment"].as_str().unwrap().to_owned()
    };
    for (name, listen) in [("a", "0.0.0.0:8787"), ("b", "[::]:8787")] {
        let said = line(name, &format!("listen = '{listen}'\n"));
        let host = said.strip_prefix("denk+https://").unwrap().split_once(":8787/#").unwrap().0;
        assert!(!host.is_empty() && !["0.0.0.0", "[::]"].contains(&host), "{said}");
    }
    let inner = "listen = '127.0.0.1:1'\nbehind_proxy = true\npublic_url = 'https://hub.example.com/'\n";
    assert!(line("c", inner).starts_with("denk+https://hub.example.com/#"));
    fs::write(hub.folder.path().join("denk.toml"), "[hub]\npublic_url = 'hub.example.com/path'\n").unwrap();
    assert_eq!(hub.denk(&["site", "list"]).0, 2, "no address");
}

#[test]
fn a_pc_is_enrolled_with_its_token_or_not_at_all() {
    let hub = Hub::start();
    let add = |settings: &str| {
        fs::write(hub.folder.path().join("denk.toml"), format!("[hub]\n{settings}")).unwrap();
        hub.denk(&["site", "add", "a", "--region", "Ankara"])
    };
    let (code, _) = add("listen = '0.0.0.0:1'\ncertificate = 'none.pem'\nprivate_key = 'none.key'\n");
    assert_ne!(code, 0, "what the office is to trust is not there");
    let (code, said) = add("api_key = { env = 'API_KEY' }\n");
    assert_eq!(code, 0, "the name is still free, and the shared key is not needed: {said:#}");
    assert!(said["token"].is_string(), "{said:#}");
}

#[test]
fn a_key_like_a_pin_is_refused_where_others_can_try_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = "[hub]\nlisten = '0.0.0.0:0'\napi_key = '1234'\n";
    fs::write(folder.path().join("denk.toml"), file).unwrap();
    let mut serve = std::process::Command::new(env!("CARGO_BIN_EXE_denk"))
        .current_dir(folder.path())
        .args(["serve", "--allow-temporary", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first thing that it says: that it serves, or why not.
    let mut answer = serde_json::Deserializer::from_reader(serve.stdout.take().unwrap()).into_iter::<Value>();
    let said = answer.next().unwrap().unwrap();
    // It may have ended by itself.
    let _ = serve.kill();
    serve.wait().unwrap();
    assert_eq!(said["error"]["code"], "DENK-5008", "{said:#}");
}

#[test]
fn a_file_that_deletes_too_much_waits_for_a_person() {
    let hub = Hub::start();
    let token = hub.add_site("a", "Ankara");
    let file = hub.file("ankara.db", "Ankara", 7);
    hub.upload(&token, "Ankara", &file);
    for (decision, left) in [("reject", 76), ("approve", 0)] {
        assert_eq!(hub.download(&token, "Ankara", &file), 200);
        Connection::open(&file).unwrap().execute_batch("delete from timesheets").unwrap();
        let (status, said) = hub.upload(&token, "Ankara", &file);
        assert_eq!((status, said["held"].as_u64()), (200, Some(1)), "{said:#}");
        let waits = hub.download(&token, "Ankara", &hub.folder.path().join("none.db"));
        assert_eq!(waits, 409, "{decision}: {said:#}");
        let items = hub.denk(&["held", "list"]).1["items"].clone();
        assert_eq!((&items[0]["site"], &items[0]["deletes"]), (&"a".into(), &76.into()), "{items:#}");
        assert_eq!(hub.denk(&["held", "approve", "999"]).1["error"]["code"], "DENK-5009");
        assert_eq!(hub.denk(&["held", decision, &items[0]["id"].to_string()]).0, 0);
        assert_eq!(hub.get("/status", Some(&token)).1["timesheets"], left);
    }
    assert!(hub.denk(&["held", "list"]).1["items"].as_array().unwrap().is_empty());
}

#[test]
fn a_file_of_another_region_waits_and_the_list_says_why() {
    let hub = Hub::start();
    let token = hub.add_site("b", "Bursa");
    let file = hub.file("ankara.db", "Ankara", 7);
    assert_eq!(hub.upload(&token, "Bursa", &file).0, 200);
    let items = hub.denk(&["held", "list"]).1["items"].clone();
    let told = items.as_array().unwrap().iter().find(|item| item["table"] == "employees").unwrap();
    let counts = ["deletes", "updates", "refused"].map(|name| told[name].to_string());
    let people = rows(&file, "select cast(count(*) as text) from employees");
    assert_eq!(counts, ["0", "0", people[0].as_str()], "{items:#}");
}

#[test]
fn a_hub_neither_starts_on_temporary_storage_nor_twice_in_one_folder() {
    let hub = Hub::start();
    let (code, said) = hub.denk(&["serve"]);
    assert_eq!((code, said["error"]["code"].as_str().unwrap()), (1, "DENK-5006"), "{said:#}");
    let (code, said) = hub.denk(&["serve", "--allow-temporary"]);
    assert_eq!((code, said["error"]["code"].as_str().unwrap()), (1, "DENK-5007"), "{said:#}");
    let (code, said) = hub.denk(&["site", "list", "--data", "elsewhere"]);
    assert_eq!((code, said["error"]["code"].as_str().unwrap()), (1, "DENK-5001"), "{said:#}");
}

#[test]
fn what_is_no_office_file_is_refused_and_leaves_nothing() {
    let hub = Hub::start();
    let text = hub.folder.path().join("text.db");
    fs::write(&text, "no database at all".repeat(100)).unwrap();
    let (status, said) = hub.upload("shared", "Ankara", &text);
    assert_eq!((status, said["success"].as_bool()), (422, Some(false)), "{said:#}");
    let (code, said) = hub.denk(&["import", "text.db"]);
    assert_eq!((code, said["error"]["code"].as_str().unwrap()), (1, "DENK-5005"), "{said:#}");
    let strange = hub.folder.path().join("strange.db");
    Connection::open(&strange).unwrap().execute_batch("create table t (n)").unwrap();
    assert_eq!(hub.upload("shared", "Ankara", &strange).0, 422);
    let counts = hub.get("/status", Some("shared")).1;
    assert_eq!(counts["employees"], 0, "{counts:#}");
}
