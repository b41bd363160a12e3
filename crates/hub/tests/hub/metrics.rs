//! What a monitor is told, and who may be one.

use hub::{ApiKey, Transport, Watch};
use reqwest::{StatusCode, header};
use std::sync::Arc;
use store::Role;

use crate::{
    pages::{get, somebody},
    world::{START_MS, World, hub, hub_with, office_file},
};

const TOKEN: &str = "olcum-anahtari-0123456789";

async fn text(world: &World) -> String {
    let answer = world.get("/metrics").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    answer.text().await.unwrap()
}

/// Of a line that there must be.
fn value(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name}: {text}")).parse().unwrap()
}

#[tokio::test]
async fn figures_tell_what_came_and_how_the_hub_stands() {
    let newest = Arc::new(|| Some(START_MS - 90_000));
    let world = hub_with(|settings| settings.watch.newest_backup = Some(newest)).await;
    let before = text(&world).await;
    assert_eq!((value(&before, "denk_sites"), value(&before, "denk_held_open")), (0, 0));
    let token = world.token("Gizli PC", "Gizli Bölge").await;
    assert_eq!(
        world.upload(&token, "", office_file("Gizli Bölge", 1)).send().await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!(
        world.get("/sync/download").header("X-API-KEY", &token).send().await.unwrap().status(),
        StatusCode::OK
    );
    world.token("Uzak PC", "Bursa").await;
    let cookie = somebody(&world, Role::Viewer, "*").await;
    for path in ["/employees", "/employees", "/nowhere/at/all?q=gizli"] {
        get(&world, path, &cookie).await;
    }
    let told = text(&world).await;
    for (name, wanted) in [
        ("denk_requests_total{class=\"pages\",status=\"200\"}", 2),
        ("denk_requests_total{class=\"pages\",status=\"404\"}", 1),
        ("denk_requests_total{class=\"programs\",status=\"200\"}", 2),
        ("denk_requests_total{class=\"log_in\",status=\"303\"}", 1),
        ("denk_requests_total{class=\"watch\",status=\"200\"}", 1),
        ("denk_pushes_total{kind=\"file\"}", 1),
        ("denk_pulls_total{kind=\"file\"}", 1),
        ("denk_sites", 2),
        ("denk_sites_on_line", 1),
        ("denk_backup_age_seconds", 90),
        ("denk_conflicts_open", 0),
    ] {
        assert_eq!(value(&told, name), wanted, "{name}");
    }
    let rows: u64 = world.store.status().await.unwrap().tables.values().sum();
    assert_eq!(value(&told, "denk_rows_total{direction=\"in\"}"), rows);
    assert!(value(&told, "process_resident_memory_bytes") > 1 << 20 || !cfg!(target_os = "linux"));
    assert!(crate::ON_POSTGRES || value(&told, "denk_store_bytes") > 10_000);
    assert!(!told.to_lowercase().contains("gizli"), "nobody's name: {told}");
    // As the format wants it: a type before each figure, and a number behind it.
    for line in told.lines().filter(|line| !line.starts_with('#')) {
        let (name, number) = line.rsplit_once(' ').unwrap();
        let name = name.split('{').next().unwrap();
        assert!(told.contains(&format!("# TYPE {name} ")) && number.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test]
async fn only_this_machine_itself_and_who_shows_the_token_are_told() {
    let status = async |world: &World, headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(world.get("/metrics"), |request, (name, text)| request.header(*name, *text));
        request.send().await.unwrap().status()
    };
    let bearer = format!("Bearer {TOKEN}");
    let plain = hub().await;
    assert_eq!(status(&plain, &[]).await, StatusCode::OK, "this machine");
    for of_proxy in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"] {
        assert_eq!(status(&plain, &[(of_proxy, "127.0.0.1")]).await, StatusCode::UNAUTHORIZED, "{of_proxy}");
    }
    let cookie = somebody(&plain, Role::Viewer, "*").await;
    assert_eq!(
        status(&plain, &[("X-Forwarded-For", "10.0.0.1"), ("Cookie", &cookie)]).await,
        StatusCode::UNAUTHORIZED
    );

    let behind = |token: Option<&str>| {
        let watch = Watch { token: token.and_then(ApiKey::new), ..Watch::default() };
        move |settings: &mut hub::Settings| {
            (settings.transport, settings.watch) = (Transport::BehindProxy, watch);
        }
    };
    let closed = hub_with(behind(None)).await;
    assert_eq!(
        status(&closed, &[]).await,
        StatusCode::UNAUTHORIZED,
        "behind a proxy everybody is this machine"
    );
    assert_eq!(
        status(&closed, &[("Authorization", &bearer)]).await,
        StatusCode::UNAUTHORIZED,
        "there is none"
    );
    let open = hub_with(behind(Some(TOKEN))).await;
    assert_eq!(status(&open, &[]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&open, &[("Authorization", &bearer)]).await, StatusCode::OK);
    let site = open.token("Ankara PC", "Ankara").await;
    for wrong in [&*site, "", "olcum-anahtari", crate::world::SHARED_KEY] {
        assert_eq!(
            status(&open, &[("Authorization", &format!("Bearer {wrong}"))]).await,
            StatusCode::UNAUTHORIZED,
            "{wrong}"
        );
    }
    for _ in 0..30 {
        status(&open, &[("Authorization", "Bearer yanlis-tahmin")]).await;
    }
    assert_eq!(status(&open, &[("Authorization", "Bearer guess")]).await, StatusCode::TOO_MANY_REQUESTS);
}
