//! The page of the office PCs: who sees which, and what administrators do there.

use reqwest::StatusCode;
use store::Role;

use crate::{
    pages::{get, read, somebody},
    world::{World, hub},
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
