//! The page of the settings: what the hub runs with, for whoever administers all of it.

use hub::{Configured, ConfiguredIn};
use reqwest::StatusCode;
use store::Role;

use crate::{
    pages::{get, read, somebody},
    world::hub_with,
};

#[tokio::test]
async fn who_administers_the_hub_sees_what_it_runs_with_and_nobody_else() {
    let setting = |name: &str, value: Option<&str>, origin| Configured {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        origin,
    };
    let file = ConfiguredIn::File { path: "/etc/denk.toml".into(), line: 7 };
    let world = hub_with(|settings| {
        settings.configured = vec![
            setting("hub.listen", Some("127.0.0.1:0"), ConfiguredIn::Flag("--listen".into())),
            setting("hub.api_key", None, ConfiguredIn::Environment("DENK__HUB__API_KEY".into())),
            setting("hub.preset", Some("<b>"), file),
            setting("zone", Some("Europe/Istanbul"), ConfiguredIn::Default),
        ];
    })
    .await;
    for (role, region) in
        [(Role::Admin, "Ankara"), (Role::Manager, "*"), (Role::Office, "Ankara"), (Role::Viewer, "*")]
    {
        let cookie = somebody(&world, role, region).await;
        for path in ["/admin/settings?lang=en", "/admin/backups", "/admin/backups/20260124T000000Z"] {
            let answer = get(&world, path, &cookie).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{role:?} of {region}: {path}");
            assert!(!read(answer).await.contains("hub.api_key"));
        }
        let front = read(get(&world, "/admin/sites", &cookie).await).await;
        assert!(!front.contains("/admin/settings") && !front.contains("/admin/backups"), "{front}");
    }
    let cookie = somebody(&world, Role::Admin, "*").await;
    let page = read(get(&world, "/admin/settings?lang=en", &cookie).await).await;
    for said in [
        "command line --listen",
        "<code>hub.api_key</code></th><td data-label=\"Value\">not given",
        "variable DENK__HUB__API_KEY",
        "/etc/denk.toml, line 7",
        "&#60;b&#62;",
        "Europe/Istanbul",
        world.base.as_str(),
        "no certificate",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains(crate::world::SHARED_KEY), "{page}");
}
