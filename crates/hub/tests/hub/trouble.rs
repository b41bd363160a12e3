//! What people are shown who do not get what they asked for, and what programs are told.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::Value;
use store::Role;

use crate::{
    pages::somebody,
    world::{SHARED_KEY, World, hub, hub_with},
};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

struct Asked<'a> {
    method: Method,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    form: String,
}

async fn ask(world: &World, asked: &Asked<'_>, language: &str) -> reqwest::Response {
    let request = world.client.request(asked.method.clone(), format!("{}{}", world.base, asked.path));
    let request = request.header(header::ACCEPT_LANGUAGE, language).body(asked.form.clone());
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    asked
        .headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn whoever_asks_for_a_page_is_told_on_a_page_in_their_language() {
    let world = hub().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let own = [("accept", BROWSER), ("cookie", cookie.as_str())];
    let foreign = [("accept", BROWSER), ("cookie", cookie.as_str()), ("origin", "https://evil.example")];
    let get = |path| Asked { method: Method::GET, path, headers: &own, form: String::new() };
    let post = |path, form: String| Asked { method: Method::POST, path, headers: &own, form };
    let (missing, unread) =
        (["Burada bir şey yok", "There is nothing here"], ["İstek anlaşılamadı", "was not understood"]);
    for (asked, status, titles) in [
        (get("/nowhere"), StatusCode::NOT_FOUND, missing),
        (get("/activity/export?from=yesterday"), StatusCode::NOT_FOUND, missing),
        (post("/dashboard", String::new()), StatusCode::METHOD_NOT_ALLOWED, missing),
        (post("/login", "username=a".to_owned()), StatusCode::UNPROCESSABLE_ENTITY, unread),
        (
            post("/login", format!("username=a&password={}", "x".repeat(40_000))),
            StatusCode::PAYLOAD_TOO_LARGE,
            ["Form çok büyük", "The form is too large"],
        ),
        (
            Asked { headers: &foreign, ..post("/logout", String::new()) },
            StatusCode::FORBIDDEN,
            ["Form alınmadı", "The form was not taken"],
        ),
    ] {
        for (language, title) in ["tr", "en"].into_iter().zip(titles) {
            let answer = ask(&world, &asked, language).await;
            assert_eq!(answer.status(), status, "{}", asked.path);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{}", asked.path);
            assert!(answer.headers().contains_key(header::CONTENT_SECURITY_POLICY));
            let page = answer.text().await.unwrap();
            assert!(
                page.contains(title) && page.contains(&format!("<html lang=\"{language}\">")),
                "{}: {page}",
                asked.path
            );
            assert!(page.ends_with("</html>"), "{page}");
        }
    }
    let slow = hub_with(|settings| settings.limits.request_wait = Duration::ZERO).await;
    // Looking at a password is never done at once.
    let logging_in =
        Asked { headers: &[("accept", BROWSER)], ..post("/login", "username=a&password=b".to_owned()) };
    let busy = ask(&slow, &logging_in, "en").await;
    assert_eq!(
        (busy.status(), &busy.headers()[header::RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &header::HeaderValue::from_static("10"))
    );
    assert!(busy.text().await.unwrap().contains("The hub is busy"));
}

#[tokio::test]
async fn programs_are_told_in_json_whatever_they_say_that_they_accept() {
    let world = hub().await;
    let (html, any) = ([("accept", BROWSER)], [("accept", "*/*")]);
    let key = [("accept", BROWSER), ("x-api-key", "wrong")];
    for (path, headers, status) in [
        ("/nowhere", &any[..], StatusCode::NOT_FOUND),
        ("/nowhere", &[("accept", BROWSER), ("x-api-key", SHARED_KEY)], StatusCode::NOT_FOUND),
        ("/sync/nowhere", &html, StatusCode::NOT_FOUND),
        ("/sync/download", &html, StatusCode::UNAUTHORIZED),
        ("/status", &key, StatusCode::UNAUTHORIZED),
        ("/v1/nowhere", &html, StatusCode::NOT_FOUND),
    ] {
        let asked = Asked { method: Method::GET, path, headers, form: String::new() };
        let answer = ask(&world, &asked, "en").await;
        assert_eq!(answer.status(), status, "{path}");
        let told: Value = answer.json().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(told.is_object(), "{path}: {told}");
    }
}
