//! The pages on which people undo changes: who may, what is shown first, and that it is done as shown.

use model::{Gid, Value};
use replica::wire::{Cell, Cells, Change, Push};
use reqwest::StatusCode;
use store::{BatchesAsked, Role, Viewer};

use crate::{
    pages::{get, read, somebody},
    world::{START_MS, World, hub},
};

pub fn gid(number: u128) -> Gid {
    Gid::new(7, number)
}

pub fn cells(columns: &[(&str, &str)]) -> Cells {
    columns.iter().map(|(name, text)| ((*name).to_owned(), Cell(Value::Text((*text).to_owned())))).collect()
}

pub fn change(number: u128, (base, at): (i64, i64)) -> Change {
    let (insert, update, delete) = Default::default();
    let table = "employees".into();
    Change {
        table,
        gid: gid(number).uuid(),
        base,
        at: (START_MS + at, 0),
        insert,
        again: None,
        update,
        delete,
    }
}

pub async fn push(world: &World, token: &str, (number, seen): (u64, i64), changes: Vec<Change>) -> i64 {
    let device = world.store.device_of_token(token).await.unwrap().unwrap();
    let rows = [("employees".to_owned(), 1000)].into();
    let push = Push { number, seen, clock_ms: START_MS, rows, changes, ..Push::default() };
    world.store.push(&device, push).await.unwrap();
    world.store.status().await.unwrap().rev
}

/// Two people of Ankara of whom one PC changed the titles, to be seen nowhere else.
async fn titles() -> (World, String, i64) {
    let world = hub().await;
    let token = world.token("Ankara 1", "Ankara").await;
    let people = (1..=2).map(|number| {
        let name = format!("gizliankara {number}");
        let insert = Some(cells(&[("full_name", &name), ("region", "Ankara")]));
        Change { insert, ..change(number, (0, 1)) }
    });
    let seen = push(&world, &token, (1, 0), people.collect()).await;
    let titled = (1..=2).map(|number| Change {
        update: Some(cells(&[("title", "Gizlibaşı"), ("identity_no", "10000000146")])),
        ..change(number, (seen, 2))
    });
    let rev = push(&world, &token, (2, seen), titled.collect()).await;
    (world, token, rev)
}

async fn last_batch(world: &World) -> i64 {
    let viewer = Viewer::new(Role::Admin, merge::Region::All);
    let asked = BatchesAsked { region: None, before: None, rows: 1 };
    world.store.batches(&viewer, &asked).await.unwrap().batches[0].id
}

async fn post(world: &World, path: &str, cookie: &str, form: &[(&str, &str)]) -> reqwest::Response {
    world.post(path).header(reqwest::header::COOKIE, cookie).form(form).send().await.unwrap()
}

/// What a field of the form on a page holds.
fn field<'p>(page: &'p str, name: &str) -> &'p str {
    let from =
        page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{name}: {page}"));
    from.split('"').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_shown_undone_once_and_its_undoing_can_be_undone() {
    let (world, _, _) = titles().await;
    let id = last_batch(&world).await;
    let cookie = somebody(&world, Role::Manager, "Ankara").await;
    let list = read(get(&world, "/history", &cookie).await).await;
    assert!(list.contains(&format!("/history/{id}")) && list.contains("Ankara 1"), "{list}");
    let one = read(get(&world, &format!("/history/{id}"), &cookie).await).await;
    assert!(one.contains("gizliankara 1") && one.contains("Gizlibaşı"), "{one}");
    let path = format!("/history/{id}/undo");
    assert!(one.contains(&path));
    let shown = read(get(&world, &path, &cookie).await).await;
    assert!(shown.contains("2 kayıt değişecek"), "{shown}");
    let agreed = field(&shown, "agreed").to_owned();
    let forged = post(&world, &path, &cookie, &[("agreed", "0"), ("why", "x")]).await;
    assert_eq!(forged.status(), StatusCode::CONFLICT);
    assert!(read(forged).await.contains("yeni bir şey geldi"));
    for blank in ["", "  ", "\u{1}\u{2}"] {
        let unsaid = post(&world, &path, &cookie, &[("agreed", &agreed), ("why", blank)]).await;
        assert_eq!(unsaid.status(), StatusCode::UNPROCESSABLE_ENTITY, "{blank:?}");
        assert!(unsaid.text().await.unwrap().contains("Nedensiz geri alınmaz"), "{blank:?}");
    }
    let done = post(&world, &path, &cookie, &[("agreed", &agreed), ("why", "<b>yanlış</b>")]).await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let again = post(&world, &path, &cookie, &[("agreed", &agreed), ("why", "x")]).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(read(again).await.contains("Geri alınacak bir şey kalmamış"));
    // Who and why stand on the row's page, as text.
    let row = read(get(&world, &format!("/employees/{}", gid(1)), &cookie).await).await;
    assert!(row.contains("Manager-Ankara") && row.contains("&#60;b&#62;yanlış"), "{row}");
    assert!(row.contains("Merkez") && row.contains("Ankara 1"), "from where, too");
    let noted = world.store.audit(9).await.unwrap();
    assert!(noted.iter().any(|line| line.action == "undo_batch" && line.who == "Manager-Ankara"));
    let undone = last_batch(&world).await;
    let path = format!("/history/{undone}/undo");
    let shown = read(get(&world, &path, &cookie).await).await;
    let form = [("agreed", field(&shown, "agreed")), ("why", "yine")];
    assert_eq!(post(&world, &path, &cookie, &form).await.status(), StatusCode::SEE_OTHER);
    let row = read(get(&world, &format!("/employees/{}", gid(1)), &cookie).await).await;
    assert!(row.contains("<dd>Gizlibaşı</dd>") || row.contains("Gizlibaşı"), "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_row_has_its_page_and_comes_back_from_there() {
    let (world, token, rev) = titles().await;
    let gone = Change { delete: Some(replica::wire::Delete::default()), ..change(2, (rev, 3)) };
    push(&world, &token, (3, rev), vec![gone]).await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let deleted = read(get(&world, "/history/deleted?table=employees", &cookie).await).await;
    let path = format!("/employees/{}", gid(2));
    assert!(deleted.contains(&path) && deleted.contains("gizliankara 2"), "{deleted}");
    let page = read(get(&world, &path, &cookie).await).await;
    assert!(
        page.contains("id=\"gone\"") && page.contains("Gizlibaşı") && page.contains("Ankara 1"),
        "{page}"
    );
    let undo = page.split("class=\"undo\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let shown = read(get(&world, &undo, &cookie).await).await;
    assert!(shown.contains("geri gelir"), "{shown}");
    let form = [("agreed", field(&shown, "agreed")), ("why", "lazım")];
    assert_eq!(post(&world, &undo, &cookie, &form).await.status(), StatusCode::SEE_OTHER);
    let page = read(get(&world, &path, &cookie).await).await;
    assert!(!page.contains("id=\"gone\""), "{page}");
    for (role, region, status) in [
        (Role::Office, "Ankara", StatusCode::FORBIDDEN),
        (Role::Viewer, "*", StatusCode::FORBIDDEN),
        (Role::Manager, "Bursa", StatusCode::NOT_FOUND),
    ] {
        let other = somebody(&world, role, region).await;
        assert_eq!(get(&world, &undo, &other).await.status(), status, "{role:?}");
        let tried = post(&world, &undo, &other, &form).await;
        assert_eq!(tried.status(), status, "{role:?}");
        let page = read(tried).await;
        assert!(!page.contains("Gizlibaşı"), "{page}");
    }
    // What is personal stays masked for who does not see it.
    let viewer = somebody(&world, Role::Viewer, "Ankara").await;
    let batch = read(get(&world, &format!("/history/{}", last_batch(&world).await), &viewer).await).await;
    assert!(batch.contains("gizliankara 2") && !batch.contains("10000000146"), "{batch}");
    assert!(!batch.contains("/undo"), "nothing to press: {batch}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_change_cannot_be_undone() {
    let (world, ..) = titles().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    for path in [
        "/history/x/undo",
        "/history/-1",
        "/history/99999999999999999999",
        "/undo/1/x",
        "/undo/x/y",
        "/undo/999/00000000-0000-7000-8000-000000000000",
        "/conflicts/x",
        "/conflicts/1",
    ] {
        assert_eq!(get(&world, path, &cookie).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let form = [("agreed", "x"), ("over", "1"), ("why", "")];
    assert_eq!(post(&world, "/undo/1/x", &cookie, &form).await.status(), StatusCode::NOT_FOUND);
    let crossed = world
        .post("/undo/1/x")
        .header(reqwest::header::COOKIE, &cookie)
        .header("origin", "http://evil.example");
    assert_eq!(crossed.form(&form).send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_another_region_s_changes_nobody_hears() {
    let (world, token, rev) = titles().await;
    let edited = last_batch(&world).await;
    let gone = Change { delete: Some(replica::wire::Delete::default()), ..change(2, (rev, 3)) };
    push(&world, &token, (3, rev), vec![gone]).await;
    let deleted = last_batch(&world).await;
    for role in [Role::Admin, Role::Manager, Role::Office, Role::Viewer] {
        let cookie = somebody(&world, role, "Bursa").await;
        let own = [
            format!("/history/{edited}"),
            format!("/history/{deleted}/undo?over=1"),
            format!("/employees/{}", gid(2)),
            format!("/undo/{rev}/{}", gid(2)),
        ];
        for path in own {
            let answer = get(&world, &path, &cookie).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{role:?}: {path}");
            assert!(!read(answer).await.contains("gizli"), "{role:?}: {path}");
        }
        for path in [
            "/history",
            "/history?region=Ankara",
            "/history?before=99999",
            "/history/deleted",
            "/history/deleted?table=employees",
        ] {
            let page = read(get(&world, path, &cookie).await).await;
            assert!(!page.contains("gizli") && !page.contains("Ankara 1"), "{role:?}: {path}: {page}");
        }
        let form = [("agreed", "x"), ("over", "1"), ("why", "x")];
        let tried = post(&world, &format!("/history/{deleted}/undo"), &cookie, &form).await;
        assert_eq!(tried.status(), StatusCode::NOT_FOUND, "{role:?}");
    }
    assert_eq!(last_batch(&world).await, deleted, "nothing happened");
}
