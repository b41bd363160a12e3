//! The calls of the users' own guides, byte by byte as curl and the desktop send them.

use serde_json::Value;

use crate::{
    raw::{BOUNDARY, Raw, body, exchange},
    world::{SHARED_KEY, hub, number, office_file},
};

/// `curl -X POST -H "X-API-KEY: ..." -H "X-Region: Ankara" -F "db=@puantaj.db" URL/sync`
fn curl_upload(region: &str, file: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"db\"; filename=\"puantaj.db\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), file, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    let head = format!(
        "POST /sync HTTP/1.1\r\nHost: your-app.onrender.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\
         X-API-KEY: {SHARED_KEY}\r\nX-Region: {region}\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

fn curl_get(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: your-app.onrender.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n{headers}\r\n"
    )
}

fn told(answer: &str) -> Value {
    serde_json::from_str(body(answer)).unwrap_or_else(|_| panic!("{answer}"))
}

#[tokio::test]
async fn the_curl_lines_work_as_they_stand() {
    let world = hub().await;
    let file = office_file("Ankara", 1);
    let mut curl = Raw::to(&world).await;
    curl.send(curl_upload("Ankara", &file)).await;
    let answer = curl.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let sync = told(&answer);
    assert_eq!((&sync["success"], &sync["region"]), (&Value::Bool(true), &Value::from("Ankara")));
    assert!(sync["message"].is_string() && sync["timestamp"].is_string());

    // curl keeps the connection.
    curl.send(curl_get("/status", "")).await;
    let status = curl.answer().await;
    assert!(status.starts_with("HTTP/1.1 200 OK\r\n"), "{status}");
    assert_eq!(told(&status)["success"], true);

    curl.send(curl_get("/health", "")).await;
    let health = told(&curl.answer().await);
    assert_eq!(health["status"], "ok");
    assert!(health["timestamp"].is_string());

    let download = world.get("/sync/download").header("X-API-KEY", SHARED_KEY).send().await.unwrap();
    let bytes = download.bytes().await.unwrap();
    assert_eq!(&bytes[..16], b"SQLite format 3\0");
    let count = "select (select count(*) from employees) * 1000 + (select count(*) from timesheets)";
    assert_eq!(number(&bytes, count), number(&file, count));

    curl.send(curl_get("/dashboard", &format!("X-API-KEY: {SHARED_KEY}\r\n"))).await;
    let page = curl.answer().await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<td>Ankara</td>"), "{page}");
}

#[tokio::test]
async fn curl_asks_before_it_sends_much() {
    let world = hub().await;
    let request = curl_upload("Ankara", &office_file("Ankara", 1));
    let end = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let mut curl = Raw::to(&world).await;
    curl.send([&request[..end], b"\r\nExpect: 100-continue\r\n\r\n"].concat()).await;
    assert_eq!(curl.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    curl.send(&request[end + 4..]).await;
    assert!(curl.answer().await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn the_answers_without_a_key_are_those_of_the_guide_server() {
    let world = hub().await;
    let request = String::from_utf8_lossy(&curl_upload("Ankara", b"")).replace(SHARED_KEY, "your_token");
    let request = request.replace("Host", "Connection: close\r\nHost");
    let answer = exchange(&world, request).await;
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    assert_eq!(body(&answer), r#"{"success":false,"error":"Invalid API key"}"#);
    let empty = format!(
        "POST /sync HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nX-API-KEY: {SHARED_KEY}\r\nX-Region: Ankara\r\nContent-Length: 0\r\n\r\n"
    );
    let answer = exchange(&world, empty).await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert_eq!(body(&answer), r#"{"success":false,"error":"No database file in request"}"#);
}

/// The guide's `sync_with_server`: sends with a region, fetches without one, and writes what it got over its file.
#[tokio::test]
async fn the_desktop_of_the_guide_gets_its_own_rows_back_and_sends_them_again() {
    let world = hub().await;
    let mut file = office_file("Ankara", 1);
    let count = "select (select count(*) from employees) * 1000 + (select count(*) from timesheets)";
    let rows = number(&file, count);
    for round in 0..3 {
        let sent =
            world.upload(SHARED_KEY, "Ankara", file).header("X-Reason", "auto_sync").send().await.unwrap();
        assert_eq!(sent.status(), 200);
        let told: Value = sent.json().await.unwrap();
        if round > 0 {
            for (table, count) in told["tables"].as_object().unwrap() {
                for change in ["inserted", "updated", "deleted", "refused"] {
                    assert_eq!(count[change], 0, "{table} {change} in round {round}: {told}");
                }
            }
        }
        let got = world.get("/sync/download").header("X-API-KEY", SHARED_KEY).send().await.unwrap();
        assert_eq!(got.status(), 200);
        file = got.bytes().await.unwrap().to_vec();
        assert_eq!(number(&file, count), rows);
    }
}
