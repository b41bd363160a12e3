//! A person's data in one file, and people who are to be forgotten.

use merge::Region;
use replica::wire::{Change, Delete};
use reqwest::{Response, StatusCode, header};
use store::Role;

use crate::{
    pages::{get, read, rows_of, secret, somebody, three_regions},
    undo::{cells, change, gid, push},
    world::{World, hub},
};

async fn forget(world: &World, path: &str, cookie: &str, why: &str) -> Response {
    world.post(path).header(header::COOKIE, cookie).form(&[("why", why)]).send().await.unwrap()
}

/// Where the person of a region is.
async fn person(world: &World, region: &str) -> String {
    format!("/employees/{}", rows_of(world, region).await[0])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_kept_of_a_person_is_in_one_file_for_who_manages() {
    let world = three_regions().await;
    let path = person(&world, "Bursa").await;
    for (role, may) in
        [(Role::Admin, true), (Role::Manager, true), (Role::Office, false), (Role::Viewer, false)]
    {
        let cookie = somebody(&world, role, "Bursa").await;
        let page = read(get(&world, &path, &cookie).await).await;
        assert_eq!(page.contains(&format!("{path}/data")), may, "{role:?}");
        assert_eq!(page.contains(&format!("{path}/forget")), role == Role::Admin, "{role:?}");
        let answer = get(&world, &format!("{path}/data"), &cookie).await;
        if !may {
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{role:?}");
            assert!(!read(answer).await.contains(&secret("Bursa")), "{role:?}");
            continue;
        }
        assert_eq!(answer.status(), StatusCode::OK);
        let file = read(answer).await;
        assert!(!file.contains('•') && file.contains("T.C. kimlik no"), "numbers are whole: {file}");
        assert!(file.matches(&secret("Bursa")).count() > 10, "timesheets and their notes: {file}");
    }
    let vehicle = format!("/vehicles/{}/data", rows_of(&world, "Bursa").await[2]);
    let admin = somebody(&world, Role::Admin, "*").await;
    assert_eq!(get(&world, &vehicle, &admin).await.status(), StatusCode::NOT_FOUND, "of people only");
    let acts = world.store.audit(50).await.unwrap();
    assert_eq!(acts.iter().filter(|act| act.action == "export").count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_forgotten_is_on_no_page_and_only_administrators_forget() {
    let world = three_regions().await;
    let path = person(&world, "Bursa").await;
    let to = format!("{path}/forget");
    for (role, of, wanted) in [
        (Role::Manager, "Bursa", StatusCode::FORBIDDEN),
        (Role::Viewer, "*", StatusCode::FORBIDDEN),
        (Role::Admin, "Ankara", StatusCode::NOT_FOUND),
    ] {
        let cookie = somebody(&world, role, of).await;
        assert_eq!(forget(&world, &to, &cookie, "istek").await.status(), wanted, "{role:?} of {of}");
        assert_eq!(get(&world, &to, &cookie).await.status(), wanted, "{role:?} of {of}");
    }
    let admin = somebody(&world, Role::Admin, "*").await;
    let evil = world.post(&to).header(header::COOKIE, &admin).header("origin", "https://evil.example");
    assert_eq!(evil.form(&[("why", "x")]).send().await.unwrap().status(), StatusCode::FORBIDDEN);
    for nothing in ["", "  "] {
        let answer = forget(&world, &to, &admin, nothing).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let asked = read(get(&world, &to, &admin).await).await;
    assert!(asked.contains("Silinen kişi ") && asked.contains(&secret("Bursa")), "{asked}");
    let page = read(get(&world, &path, &admin).await).await;
    assert!(page.contains(&secret("Bursa")), "nothing is forgotten so far");

    let answer = forget(&world, &to, &admin, "başvuru 7").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(read(answer).await.contains("Silinen kişi "));
    let row = world.store.recent(&Region::All, 1).await.unwrap();
    let name = row[0].after.as_ref().unwrap()["full_name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("Silinen kişi "), "{name}");
    let page = read(get(&world, &path, &admin).await).await;
    let facts = page.split("<section id=\"facts\">").nth(1).unwrap().split("</dl>").next().unwrap();
    assert!(facts.contains(&name), "{facts}");
    let history = page.split("<section id=\"history\">").nth(1).unwrap();
    assert!(!history.contains(&format!("{} isaretbursa ", secret("Bursa"))), "the name was there: {history}");
    let act = world.store.audit(1).await.unwrap();
    assert!(act[0].action == "erase" && act[0].what.ends_with("başvuru 7"), "{act:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_deleted_is_handed_out_and_forgotten_as_well() {
    let world = hub().await;
    let token = world.token("Ankara 1", "Ankara").await;
    let new = Some(cells(&[("full_name", "Gizli Kişi"), ("region", "Ankara")]));
    let seen = push(&world, &token, (1, 0), vec![Change { insert: new, ..change(1, (0, 1)) }]).await;
    let gone = Change { delete: Some(Delete::default()), ..change(1, (seen, 2)) };
    push(&world, &token, (2, seen), vec![gone]).await;
    let path = format!("/employees/{}", gid(1));
    let office = somebody(&world, Role::Office, "Ankara").await;
    let page = read(get(&world, &path, &office).await).await;
    assert!(page.contains("Gizli Kişi") && !page.contains("id=\"privacy\""), "{page}");
    let admin = somebody(&world, Role::Admin, "*").await;
    let page = read(get(&world, &path, &admin).await).await;
    let ways = ["data", "forget"].map(|way| format!("{path}/{way}"));
    assert!(page.contains("id=\"gone\"") && ways.iter().all(|way| page.contains(way)), "{page}");
    assert!(read(get(&world, &ways[0], &admin).await).await.contains("Gizli Kişi"));
    assert!(read(get(&world, &ways[1], &admin).await).await.contains("Gizli Kişi"));
    assert_eq!(forget(&world, &ways[1], &admin, "başvuru 8").await.status(), StatusCode::OK);
    let page = read(get(&world, &path, &admin).await).await;
    assert!(page.contains("id=\"gone\"") && page.contains("Silinen kişi "), "{page}");
    assert!(!page.contains("Gizli Kişi"), "{page}");
}
