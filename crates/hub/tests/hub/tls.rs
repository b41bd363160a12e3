//! Addresses that others can reach are served by TLS.

use std::net::SocketAddr;

use hub::Transport;
use reqwest::{Client, StatusCode, tls::TlsInfo};
use sha2::{Digest, Sha256};
use store::Role;

use crate::world::{World, cookie, hub_with};

const ANYWHERE: ([u8; 4], u16) = ([0, 0, 0, 0], 0);

/// Reaches the hub by TLS, whoever signed its certificate.
fn reach(world: &mut World) {
    let port = world.serving.as_ref().unwrap().address.port();
    world.base = format!("https://127.0.0.1:{port}");
    let client = Client::builder().no_proxy().tls_danger_accept_invalid_certs(true).tls_info(true);
    world.client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
}

#[tokio::test]
async fn an_address_that_others_reach_has_a_certificate_of_its_own_that_stays() {
    let mut world = hub_with(|settings| settings.listen = SocketAddr::from(ANYWHERE)).await;
    reach(&mut world);
    let told = world.serving.as_ref().unwrap().fingerprint.clone().unwrap();
    let answer = world.get("/health").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let shown = answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap();
    assert_eq!(data_encoding::HEXLOWER.encode(&Sha256::digest(shown)), told);
    assert_eq!(hub::fingerprint(&world.settings).unwrap(), Some(told.clone()), "for enrolment");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(world.folder.path().join("certificate.pem")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "it holds the key");
    }
    let plain = world.base.replace("https", "http");
    assert!(Client::new().get(format!("{plain}/health")).send().await.is_err(), "nothing without TLS");
    let stranger = Client::builder().no_proxy().build().unwrap();
    assert!(
        stranger.get(format!("{}/health", world.base)).send().await.is_err(),
        "it is nobody's certificate"
    );

    world.person("admin", Role::Admin, "*", "uzun-bir-parola").await;
    let set = world.log_in("admin", "uzun-bir-parola").await;
    assert!(set.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
    let token = cookie(&set);
    assert_eq!(
        world.get("/dashboard").header("Cookie", token).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn given_files_are_used_and_bad_ones_are_told_at_the_start() {
    let made = tempfile::tempdir().unwrap();
    let own = hub_with(|settings| {
        settings.listen = SocketAddr::from(ANYWHERE);
        settings.data_folder = made.path().to_owned();
    })
    .await;
    let file = made.path().join("certificate.pem");
    let given = Transport::Files { certificate: file.clone(), key: file.clone() };
    let mut world = hub_with(|settings| settings.transport = given).await;
    reach(&mut world);
    assert_eq!(world.get("/health").send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(world.serving.as_ref().unwrap().fingerprint, own.serving.as_ref().unwrap().fingerprint);

    std::fs::write(&file, "no certificate").unwrap();
    assert!(hub::fingerprint(&world.settings).unwrap_err().to_string().contains("PEM"));
    std::fs::remove_file(&file).unwrap();
    assert!(hub::fingerprint(&world.settings).is_err());
}

#[tokio::test]
async fn behind_a_proxy_the_hub_is_plain_and_its_cookies_are_not() {
    let world = hub_with(|settings| settings.transport = Transport::BehindProxy).await;
    assert_eq!(world.serving.as_ref().unwrap().fingerprint, None);
    assert_eq!(world.get("/health").send().await.unwrap().status(), StatusCode::OK);
    world.person("admin", Role::Admin, "*", "uzun-bir-parola").await;
    let set = world.log_in("admin", "uzun-bir-parola").await;
    assert!(set.headers()["set-cookie"].to_str().unwrap().contains("; Secure"));
}

#[tokio::test]
async fn the_hub_s_own_certificate_bears_the_name_by_which_offices_reach_it() {
    let mut world = hub_with(|settings| {
        settings.listen = SocketAddr::from(ANYWHERE);
        settings.public_url = Some("https://merkez.example:8787".to_owned());
    })
    .await;
    reach(&mut world);
    let answer = world.get("/health").send().await.unwrap();
    let shown = answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap();
    let bears = |name: &str| shown.windows(name.len()).any(|part| part == name.as_bytes());
    assert!(bears("merkez.example") && bears("localhost") && !bears("baska.example"));
    assert!(!answer.headers().contains_key("strict-transport-security"), "nobody knows its own certificate");
}

#[tokio::test]
async fn browsers_are_told_to_keep_to_tls_where_others_vouch_for_the_certificate() {
    for (transport, public_url, told) in [
        (Transport::BehindProxy, None, true),
        (Transport::BehindProxy, Some("https://merkez.example"), true),
        (Transport::BehindProxy, Some("http://merkez.example"), false),
        (Transport::Auto, None, false),
    ] {
        let world = hub_with(|settings| {
            settings.transport = transport.clone();
            settings.public_url = public_url.map(str::to_owned);
        })
        .await;
        let answer = world.get("/login").send().await.unwrap();
        let header = answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap());
        assert_eq!(header, told.then_some("max-age=31536000"), "{transport:?} {public_url:?}");
        let of_agents = world.get("/v1/hello").send().await.unwrap();
        assert!(!of_agents.headers().contains_key("strict-transport-security"));
    }
}
