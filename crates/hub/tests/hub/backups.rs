//! The page of the backups: made, tried out, checked and taken away by whoever administers the hub, one thing at a time.

use std::{fs, path::PathBuf};

use reqwest::{StatusCode, header};
use store::Role;

use crate::{
    pages::{get, read, somebody},
    sites::{of_id, post},
    world::{PATIENCE, World, hub},
};

const PATH: &str = "/admin/backups?lang=en";

fn folder(world: &World) -> PathBuf {
    world.folder.path().join("backups")
}

/// Asks for something, and waits until the page says how it ended.
async fn done(world: &World, cookie: &str, work: &str) -> String {
    let begun = post(world, PATH, cookie, &[("do", work)]).await;
    assert_eq!(
        (begun.status(), &begun.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &header::HeaderValue::from_static("/admin/backups"),)
    );
    ended(world, cookie).await
}

async fn ended(world: &World, cookie: &str) -> String {
    let looks = async {
        loop {
            let page = read(get(world, PATH, cookie).await).await;
            if !page.contains("id=\"running\"") {
                return page;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looks).await.unwrap()
}

fn names(world: &World) -> Vec<String> {
    let entries = fs::read_dir(folder(world)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn activity(world: &World) -> Vec<String> {
    let lines = world.store.audit(100).await.unwrap();
    let own = lines.into_iter().filter(|line| line.action.starts_with("backup_"));
    own.map(|line| format!("{} {} {}", line.who, line.action, line.what)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_made_tried_out_and_taken_away() {
    let world = hub().await;
    world.token("Ankara 1", "Ankara").await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let before = read(get(&world, PATH, &cookie).await).await;
    assert!(before.contains("There is no backup yet") && before.contains("every 6 hours"), "{before}");
    assert!(before.contains("none yet") && before.contains("hub.backup.copy_to"), "{before}");

    let made = done(&world, &cookie, "create").await;
    let name = names(&world).iter().find_map(|name| name.strip_suffix(".db.zst").map(str::to_owned)).unwrap();
    assert!(made.contains(&format!("A backup was made: {name} (")), "{made}");
    assert!(made.contains(&format!("<code>{name}</code>")) && made.contains("asked for"), "{made}");
    assert!(made.contains(&format!("denk backup restore {name} --yes")), "{made}");
    assert!(made.contains("in place") && !made.contains("checked, whole"), "{made}");

    let drilled = done(&world, &cookie, "drill").await;
    assert!(drilled.contains(&format!("{name} was put back, opened and checked")), "{drilled}");
    assert!(drilled.contains(&format!("{name} is whole</dd>")), "{drilled}");

    for (path, file, kept) in [
        (format!("/admin/backups/{name}"), format!("{name}.db.zst"), true),
        (format!("/admin/backups/{name}?part=description"), format!("{name}.json"), true),
        ("/admin/backups/20010101T000000Z".to_owned(), String::new(), false),
        ("/admin/backups/..%2Fhub.db".to_owned(), String::new(), false),
        ("/admin/backups/drill".to_owned(), String::new(), false),
    ] {
        let answer = get(&world, &path, &cookie).await;
        assert_eq!(answer.status(), if kept { StatusCode::OK } else { StatusCode::NOT_FOUND }, "{path}");
        if kept {
            assert_eq!(answer.headers()[header::CONTENT_DISPOSITION], format!("attachment; filename={file}"));
            assert_eq!(answer.bytes().await.unwrap(), fs::read(folder(&world).join(file)).unwrap());
        }
    }
    assert_eq!(
        activity(&world).await,
        [
            format!("Admin-* backup_download {name}.json"),
            format!("Admin-* backup_download {name}.db.zst"),
            format!("Admin-* backup_drill {name}"),
            format!("Admin-* backup_create {name}"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_is_found_and_a_failure_is_told_with_its_remedy() {
    let world = hub().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    done(&world, &cookie, "create").await;
    let whole = done(&world, &cookie, "check").await;
    assert!(whole.contains("All 1 backups are whole") && whole.contains("checked, whole"), "{whole}");
    let packed = names(&world).into_iter().find(|name| name.ends_with(".zst")).unwrap();
    let path = folder(&world).join(packed);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let damaged = done(&world, &cookie, "check").await;
    assert!(
        damaged.contains("1 backups are damaged") && damaged.contains(">its file is damaged<"),
        "{damaged}"
    );
    assert!(!damaged.contains("aria-label=\"File"), "what is damaged is not taken away: {damaged}");
    let drilled = done(&world, &cookie, "drill").await;
    assert!(of_id(&drilled, "checked").contains("Last check"), "{drilled}");
    assert!(
        drilled.contains("It could not be done") && drilled.contains("could not be put back"),
        "{drilled}"
    );

    fs::remove_dir_all(folder(&world)).unwrap();
    fs::write(folder(&world), "in the way").unwrap();
    let failed = done(&world, &cookie, "create").await;
    assert!(
        failed.contains("It could not be done") && failed.contains("the folder cannot be written"),
        "{failed}"
    );
    assert!(failed.contains("id=\"trouble\""), "{failed}");
    let alerts = world.store.alerts().await.unwrap();
    let kinds: Vec<_> = alerts.iter().map(|alert| alert.kind.as_str()).collect();
    assert_eq!(kinds, ["backup_folder", "drill_failed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_are_refused_and_it_is_said_what_is_under_way() {
    let world = hub().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    done(&world, &cookie, "create").await;
    let lock = fs::File::options().write(true).open(folder(&world).join("backups.lock")).unwrap();
    // A command is at work.
    lock.lock().unwrap();
    let refused = post(&world, PATH, &cookie, &[("do", "create")]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(read(refused).await.contains("Another backup, drill or restore is at work"));
    lock.unlock().unwrap();
    // What somebody asked for waits for a reader, and is under way.
    lock.lock_shared().unwrap();
    let begun = post(&world, PATH, &cookie, &[("do", "create")]).await;
    assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    for work in ["create", "drill", "check"] {
        let refused = post(&world, PATH, &cookie, &[("do", work)]).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let said = read(refused).await;
        assert!(
            said.contains("It was not begun. A backup is being made (") && said.contains("Admin-*"),
            "{said}"
        );
    }
    let page = read(get(&world, PATH, &cookie).await).await;
    assert!(page.contains("id=\"running\"") && page.contains("data-again=\"2\""), "{page}");
    lock.unlock().unwrap();
    let ended = ended(&world, &cookie).await;
    assert!(ended.contains("A backup was made"), "{ended}");
    assert_eq!(names(&world).iter().filter(|name| name.ends_with(".zst")).count(), 2);
    assert_eq!(post(&world, PATH, &cookie, &[("do", "x")]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_else_has_anything_done_and_no_other_site_does() {
    let world = hub().await;
    for (role, region) in
        [(Role::Admin, "Ankara"), (Role::Manager, "*"), (Role::Office, "Ankara"), (Role::Viewer, "*")]
    {
        let cookie = somebody(&world, role, region).await;
        for work in ["create", "drill", "check", "x"] {
            let status = post(&world, PATH, &cookie, &[("do", work)]).await.status();
            assert_eq!(status, StatusCode::FORBIDDEN, "{role:?} of {region}");
        }
    }
    let cookie = somebody(&world, Role::Admin, "*").await;
    let foreign =
        world.post(PATH).header(header::COOKIE, &cookie).header(header::ORIGIN, "https://evil.example");
    assert_eq!(foreign.form(&[("do", "create")]).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert!(!folder(&world).exists() && activity(&world).await.is_empty());
}
