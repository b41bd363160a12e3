//! `denk user`: accounts are made, changed and shut while the hub runs.

use serde_json::Value;

use testkit::office::{self, ACCOUNTS, Office, Shape, Size};

use crate::hub::Hub;

/// Where a log-in leads: the page to change a one-time password; `None` when it is refused.
fn log_in(hub: &Hub, name: &str, password: &Value) -> Option<String> {
    hub.log_in(name, password.as_str().unwrap())
}

#[test]
fn a_person_gets_a_one_time_password_is_shut_out_and_let_in_again() {
    let hub = Hub::start();
    let (code, added) = hub.denk(&["user", "add", "Çağla", "--role", "manager"]);
    assert_eq!((code, &added["role"], &added["region"]), (0, &"manager".into(), &"*".into()), "{added:#}");
    assert_eq!(log_in(&hub, "Çağla", &added["password"]).as_deref(), Some("/password"));
    let (code, changed) = hub.denk(&["user", "passwd", "Çağla"]);
    assert_eq!(code, 0);
    assert_ne!(changed["password"], added["password"]);
    assert_eq!(log_in(&hub, "Çağla", &added["password"]), None, "the old one no longer counts");
    assert_eq!(log_in(&hub, "Çağla", &changed["password"]).as_deref(), Some("/password"));

    assert_eq!(hub.denk(&["user", "disable", "Çağla"]).0, 0);
    assert_eq!(log_in(&hub, "Çağla", &changed["password"]), None);
    let listed = hub.denk(&["user", "list"]).1;
    let of = |name: &str| {
        let users = listed["users"].as_array().unwrap();
        users.iter().find(|user| user["name"] == name).unwrap().clone()
    };
    assert_eq!((&of("Çağla")["state"], &of("admin")["state"]), (&"disabled".into(), &"one-time".into()));
    assert_eq!((&of("bursa1")["role"], &of("bursa1")["region"]), (&"office".into(), &"Bursa".into()));
    assert!(!listed.to_string().contains("argon2"), "no hash");
    assert_eq!(hub.denk(&["user", "enable", "Çağla"]).0, 0);
    assert_eq!(log_in(&hub, "Çağla", &changed["password"]).as_deref(), Some("/password"));
}

#[test]
fn slips_are_told_and_make_no_account() {
    let hub = Hub::start();
    hub.add_site("a", "Ankara");
    for (arguments, exit, code) in [
        (&["add", "admin", "--role", "viewer"][..], 1, "DENK-5012"),
        (&["add", "veli"], 2, "DENK-4003"),
        (&["add", "veli", "--role", "boss"], 2, "DENK-4004"),
        (&["add", "veli", "--role", "office"], 2, "DENK-4004"),
        (&["add", "veli", "--role", "office", "--region", "*"], 2, "DENK-4004"),
        (&["add", "veli", "--role", "office", "--region", "ankara"], 2, "DENK-4004"),
        (&["add", "veli", "--role", "office", "--region", "Nowhere"], 2, "DENK-4004"),
        (&["add", " veli", "--role", "viewer"], 2, "DENK-4004"),
        (&["add", "veli", "--role", "viewer", "--password", "x"], 2, "DENK-4002"),
        (&["passwd", "veli"], 1, "DENK-5011"),
        (&["disable", "veli"], 1, "DENK-5011"),
        (&["enable", "veli"], 1, "DENK-5011"),
    ] {
        let (got, said) = hub.denk(&[&["user"], arguments].concat());
        assert_eq!((got, said["error"]["code"].as_str().unwrap()), (exit, code), "{arguments:?}: {said:#}");
    }
    assert_eq!(hub.denk(&["user", "list"]).1["users"].as_array().unwrap().len(), 5);
    let (code, said) = hub.denk(&["user", "list", "--data", "elsewhere"]);
    assert_eq!((code, &said["error"]["code"]), (1, &"DENK-5001".into()), "{said:#}");
}

#[test]
fn a_store_without_accounts_gets_its_first_ones_from_the_hub() {
    let hub = Hub::start();
    let folder = hub.folder.path().join("new");
    let data = folder.to_str().unwrap();
    assert_eq!(hub.denk(&["site", "add", "a", "--region", "Ankara", "--data", data]).0, 0);
    let (code, said) = hub.denk(&["user", "add", "veli", "--role", "viewer", "--data", data]);
    assert_eq!(
        (code, &said["error"]["code"]),
        (1, &"DENK-5011".into()),
        "else nobody would be admin: {said:#}"
    );
    assert!(hub.denk(&["user", "list", "--data", data]).1["users"].as_array().unwrap().is_empty());
}

#[test]
fn accounts_of_an_old_file_come_with_passwords_that_work_once_but_never_an_administrator_s() {
    for shape in [Shape::Live, Shape::GuideMigrated, Shape::D2Fresh, Shape::V2] {
        let hub = Hub::start();
        let path = hub.folder.path().join("old.db");
        office::generate(&path, &Office { shape, size: Size::small(), region: "Ankara", seed: 4 }).unwrap();
        let file = path.to_str().unwrap();
        let (code, said) = hub.denk(&["user", "import", file]);
        assert_eq!(code, 0, "{said:#}");
        let outcome = |name: &str| {
            let all = said["accounts"].as_array().unwrap();
            let one = all.iter().find(|one| one["name"] == name).unwrap();
            (one["outcome"].as_str().unwrap().to_owned(), one["password"].is_null())
        };
        // The second edition has other roles: somebody who is not the same here stays as they are.
        let same = |name: &str| name == "istanbul1" || (name != "admin" && shape != Shape::V2);
        for account in ACCOUNTS {
            let is = same(account.username);
            let wanted = if is { "replaced" } else { "stays" };
            assert_eq!(
                outcome(account.username),
                (wanted.to_owned(), true),
                "{shape:?} {}",
                account.username
            );
            let to = is.then(|| "/password".to_owned());
            assert_eq!(hub.log_in(account.username, account.password), to, "{shape:?} {}", account.username);
        }
        // Whoever was there once keeps what they have.
        let (_, passed) = hub.denk(&["user", "passwd", "bursa1"]);
        let again = hub.denk(&["user", "import", file]).1;
        assert!(
            again["accounts"].as_array().unwrap().iter().all(|one| one["outcome"] == "stays"),
            "{again:#}"
        );
        assert_eq!(log_in(&hub, "bursa1", &passed["password"]).as_deref(), Some("/password"));
    }
}

#[test]
fn the_last_administrator_stays_and_sessions_are_ended() {
    let hub = Hub::start();
    let (code, said) = hub.denk(&["user", "disable", "admin"]);
    assert_eq!((code, &said["error"]["code"]), (2, &"DENK-4004".into()), "{said:#}");
    assert_eq!(hub.denk(&["user", "add", "ikinci", "--role", "admin"]).0, 0);
    assert_eq!(hub.denk(&["user", "disable", "admin"]).0, 0);
    assert_eq!(hub.denk(&["user", "logout", "ikinci"]).0, 0);
    assert_eq!(hub.denk(&["user", "logout", "nobody"]).1["error"]["code"], "DENK-5011");
}
