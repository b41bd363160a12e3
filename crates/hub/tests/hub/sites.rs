//! The page of the office PCs: who sees which, and what administrators do there.

use futures_util::StreamExt as _;
use reqwest::{Response, StatusCode, header};
use store::Role;

use crate::{
    pages::{get, read, somebody},
    world::{PATIENCE, World, hub, hub_with},
};

const PATH: &str = "/admin/sites?lang=en";

async fn three_pcs() -> World {
    let world = hub().await;
    for (name, region) in [("Ankara 1", "Ankara"), ("Bursa 1", "Bursa"), ("Merkez 1", "*")] {
        world.token(name, region).await;
    }
    world
}

#[tokio::test]
async fn administrators_see_the_pcs_of_their_region_and_others_none() {
    let world = three_pcs().await;
    for (role, region, seen) in [
        (Role::Admin, "*", &["Ankara 1", "Bursa 1", "Merkez 1"][..]),
        (Role::Admin, "Ankara", &["Ankara 1"]),
        (Role::Manager, "*", &[]),
        (Role::Office, "Ankara", &[]),
        (Role::Viewer, "*", &[]),
    ] {
        let cookie = somebody(&world, role, region).await;
        let answer = get(&world, PATH, &cookie).await;
        let status = if role == Role::Admin { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status(), status, "{role:?} of {region}");
        let page = read(answer).await;
        for name in ["Ankara 1", "Bursa 1", "Merkez 1"] {
            assert_eq!(page.contains(name), seen.contains(&name), "{role:?} of {region}: {page}");
        }
        let front = read(get(&world, "/dashboard?lang=en", &cookie).await).await;
        assert_eq!(front.contains("href=\"/admin/sites\">Administration"), role == Role::Admin, "{front}");
    }
}

pub async fn post(world: &World, path: &str, cookie: &str, form: &[(&str, &str)]) -> Response {
    world.post(path).header(header::COOKIE, cookie).form(form).send().await.unwrap()
}

/// What stands in the element of this id.
pub fn of_id<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("id=\"{id}\">")).unwrap_or_else(|| panic!("{id}: {page}"));
    rest.split_once('<').unwrap().0
}

/// What a phone reads that looks at the code of a page.
fn read_by_phone(page: &str) -> String {
    const SCALE: usize = 4;
    let (_, rest) = page.split_once("viewBox=\"0 0 ").unwrap();
    let side: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
    let (_, rest) = page.split_once("fill=\"#000\" d=\"M").unwrap();
    let mut dark = vec![vec![false; side]; side];
    for run in rest.split_once('"').unwrap().0.split('M') {
        let (from, rest) = run.split_once('h').unwrap();
        let (x, y) = from.split_once(' ').unwrap();
        let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
        let length: usize = rest.split_once('v').unwrap().0.parse().unwrap();
        dark[y][x..x + length].fill(true);
    }
    let grey = |x: usize, y: usize| if dark[y / SCALE][x / SCALE] { 0 } else { 255 };
    let mut seen = rqrr::PreparedImage::prepare_from_greyscale(side * SCALE, side * SCALE, grey);
    let codes = seen.detect_grids();
    assert_eq!(codes.len(), 1);
    codes[0].decode().unwrap().1
}

async fn opens(world: &World, token: &str) -> bool {
    world.store.device_of_token(token).await.unwrap().is_some()
}

async fn activity(world: &World) -> Vec<[String; 3]> {
    let lines = world.store.audit(100).await.unwrap();
    let own = lines.into_iter().filter(|line| line.action.starts_with("site_"));
    own.map(|line| [line.who, line.action, line.what]).collect()
}

#[tokio::test]
async fn a_pc_is_added_and_its_line_is_shown_once_and_is_what_a_phone_reads() {
    let world = hub().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let form = [("name", " Ankara <1> "), ("region", "Ankara")];
    let answer = post(&world, PATH, &cookie, &form).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let page = read(answer).await;
    let (line, token) = (of_id(&page, "enrolment-line"), of_id(&page, "token"));
    assert_eq!(line.replace("&#38;", "&"), format!("denk+{}/#{token}", world.base));
    assert_eq!(read_by_phone(&page), line);
    assert!(!page.contains("style=") && page.contains("Ankara &#60;1&#62;"), "{page}");
    assert!(page.contains("id=\"only-here\""), "nobody else reaches 127.0.0.1: {page}");
    let device = world.store.device_of_token(token).await.unwrap().unwrap();
    assert_eq!((device.name.as_str(), device.region), ("Ankara <1>", merge::Region::new("Ankara")));
    for path in [PATH, "/admin/sites/1", "/dashboard"] {
        let page = read(get(&world, path, &cookie).await).await;
        assert!(page.contains("Ankara &#60;1&#62;") && !page.contains(&token[2..]), "{page}");
    }
    assert_eq!(activity(&world).await, [["Admin-*", "site_add", "Ankara <1>"]]);
}

#[tokio::test]
async fn a_line_says_where_offices_reach_the_hub() {
    let world = hub_with(|settings| settings.public_url = Some("https://merkez.example".into())).await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let page = read(post(&world, PATH, &cookie, &[("name", "a"), ("region", "*")]).await).await;
    assert!(of_id(&page, "enrolment-line").starts_with("denk+https://merkez.example/#1_"), "{page}");
    assert!(!page.contains("id=\"only-here\"") && page.contains("All regions"), "{page}");
}

#[tokio::test]
async fn what_cannot_be_a_pc_is_said_and_stays_in_the_fields() {
    let world = three_pcs().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    for (name, region, status, said) in [
        ("Ankara 1", "Ankara", StatusCode::CONFLICT, "There is a PC called Ankara 1"),
        ("Yeni", "ANKARA ", StatusCode::UNPROCESSABLE_ENTITY, "The region is written Ankara"),
        ("shared:x", "Ankara", StatusCode::UNPROCESSABLE_ENTITY, "That cannot be a name"),
        ("  ", "Ankara", StatusCode::UNPROCESSABLE_ENTITY, "That cannot be a name"),
    ] {
        let answer = post(&world, PATH, &cookie, &[("name", name), ("region", region)]).await;
        assert_eq!(answer.status(), status, "{name}");
        let page = read(answer).await;
        assert!(page.contains(said) && page.contains(&format!("value=\"{name}\"")), "{name}: {page}");
    }
    let twice =
        post(&world, "/admin/sites/2?lang=en", &cookie, &[("do", "rename"), ("name", "Ankara 1")]).await;
    assert_eq!(twice.status(), StatusCode::CONFLICT);
    let renamed = post(&world, "/admin/sites/2", &cookie, &[("do", "rename"), ("name", "Bursa 2")]).await;
    assert_eq!(
        (renamed.status(), &renamed.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &header::HeaderValue::from_static("/admin/sites?done=rename"),)
    );
    assert_eq!(activity(&world).await[0], ["Admin-*", "site_rename", "Bursa 1 -> Bursa 2"]);
}

/// A PC that listens, until the hub hangs up.
async fn listening(world: &World, token: &str) -> impl Future<Output = ()> {
    let asked = world.get("/v1/events").bearer_auth(token).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::OK);
    let mut stream = asked.bytes_stream();
    stream.next().await.unwrap().unwrap();
    async move { while let Some(Ok(_)) = stream.next().await {} }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_pc_and_one_with_an_old_line_are_cut_off() {
    let world = hub().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let (first, second) = (world.token("Ankara 1", "Ankara").await, world.token("Bursa 1", "Bursa").await);
    let (ends_first, ends_second) = (listening(&world, &first).await, listening(&world, &second).await);
    let list = read(get(&world, PATH, &cookie).await).await;
    assert_eq!(list.matches("on-line now").count(), 2, "{list}");
    // Asking does nothing yet.
    for (word, sentence) in [("revoke", "cut off from the hub"), ("renew", "gets a new enrolment line")] {
        let page = read(get(&world, &format!("/admin/sites/1?lang=en&do={word}"), &cookie).await).await;
        assert!(of_id(&page, "sentence").contains(sentence), "{page}");
    }
    assert!(opens(&world, &first).await && opens(&world, &second).await);

    let page = read(post(&world, "/admin/sites/1?lang=en", &cookie, &[("do", "renew")]).await).await;
    let renewed = of_id(&page, "token").to_owned();
    assert_eq!(read_by_phone(&page), of_id(&page, "enrolment-line"));
    assert!(!opens(&world, &first).await && opens(&world, &renewed).await);
    tokio::time::timeout(PATIENCE, ends_first).await.expect("the old line hears nothing any more");
    let ends_renewed = listening(&world, &renewed).await;

    let revoked = post(&world, "/admin/sites/2", &cookie, &[("do", "revoke")]).await;
    assert_eq!(revoked.headers()[header::LOCATION], "/admin/sites?done=revoke");
    assert!(!opens(&world, &second).await);
    tokio::time::timeout(PATIENCE, ends_second).await.expect("who is revoked hears nothing any more");
    assert!(opens(&world, &renewed).await);
    let refused = post(&world, "/admin/sites/2?lang=en", &cookie, &[("do", "renew")]).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(read(refused).await.contains("no token that could be renewed"));
    assert_eq!(
        activity(&world).await[..2],
        [
            ["Admin-*", "site_revoke", "Bursa 1"].map(str::to_owned),
            ["Admin-*", "site_renew", "Ankara 1"].map(str::to_owned),
        ]
    );
    drop(ends_renewed);
}

#[tokio::test]
async fn nobody_touches_a_pc_that_is_not_theirs() {
    let world = three_pcs().await;
    let before = (world.store.sites().await.unwrap(), activity(&world).await);
    for (role, region) in
        [(Role::Admin, "Izmir"), (Role::Manager, "*"), (Role::Office, "Ankara"), (Role::Viewer, "*")]
    {
        let cookie = somebody(&world, role, region).await;
        let is_admin = role == Role::Admin;
        for id in ["1", "2", "3", "0", "-1", "99999999999", "x"] {
            let path = format!("/admin/sites/{id}");
            let wanted = if is_admin { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
            assert_eq!(get(&world, &path, &cookie).await.status(), wanted, "{role:?} {id}");
            for form in [&[("do", "revoke")][..], &[("do", "renew")], &[("do", "rename"), ("name", "Yeni")]] {
                assert_eq!(
                    post(&world, &path, &cookie, form).await.status(),
                    wanted,
                    "{role:?} {id} {form:?}"
                );
            }
        }
        for region in ["Ankara", "*", "Izmir "] {
            let form = [("name", "Yeni"), ("region", region)];
            let added = post(&world, PATH, &cookie, &form).await.status();
            let is_own = is_admin && region.trim() == "Izmir";
            let wanted = if is_own { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(added, wanted, "{role:?} {region}");
        }
    }
    let admin = somebody(&world, Role::Admin, "*").await;
    let odd = post(&world, "/admin/sites/1", &admin, &[("do", "")]).await;
    assert_eq!(odd.status(), StatusCode::NOT_FOUND);
    let foreign = world.post("/admin/sites/1").header(header::COOKIE, &admin);
    let foreign = foreign.header(header::ORIGIN, "https://evil.example").form(&[("do", "revoke")]);
    assert_eq!(foreign.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let after = (world.store.sites().await.unwrap(), activity(&world).await);
    assert_eq!(after.0[..3], before.0);
    assert_eq!(after.0.len(), 4);
    assert_eq!(after.1.len(), before.1.len() + 1);
}
