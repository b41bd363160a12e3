//! What no honest client sends.

use std::time::Duration;

use hub::Limits;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::{
    raw::{BOUNDARY, Raw, body, exchange, part, sync},
    world::{PATIENCE, SHARED_KEY, World, hub, hub_with, office_file},
};

const FILE: &str = "name=\"db\"; filename=\"puantaj.db\"";

async fn nothing_was_stored(world: &World) {
    assert_eq!(world.rows("employees").await, 0);
    world.nothing_incoming().await;
}

fn error(answer: &str) -> String {
    let told: Value = serde_json::from_str(body(answer)).unwrap_or_else(|_| panic!("{answer}"));
    assert_eq!(told["success"], false);
    told["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_that_is_none_is_refused() {
    let world = hub().await;
    let file = part(FILE, &office_file("Ankara", 1));
    let request = sync(SHARED_KEY, "Ankara", &[file]);
    let with = |kind: &str| {
        let at = request.windows(14).position(|w| w == b"Content-Type: ").unwrap() + 14;
        let end = at + request[at..].iter().position(|b| *b == b'\r').unwrap();
        [&request[..at], kind.as_bytes(), &request[end..]].concat()
    };
    let cases = [
        ("multipart/form-data", "İstek düzgün bir multipart/form-data değil"),
        ("multipart/form-data; boundary=", "No database file in request"),
        ("multipart/form-data; boundary=other", "No database file in request"),
        ("application/octet-stream", "No database file in request"),
        ("\u{fd}\u{fd}", "No database file in request"),
    ];
    for (kind, told) in cases {
        let answer = exchange(&world, with(kind)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{kind}: {answer}");
        assert_eq!(error(&answer), told, "{kind}");
    }
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn two_files_are_one_too_many() {
    let world = hub().await;
    let file = office_file("Ankara", 1);
    let other = "name=\"file\"; filename=\"b.db\"";
    let answer = exchange(&world, sync(SHARED_KEY, "Ankara", &[part(FILE, &file), part(other, &file)])).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(error(&answer), "İstekte birden fazla veritabanı dosyası var");
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn whoever_sends_too_large_a_form_is_told_so_though_they_go_on_sending() {
    let world = hub().await;
    let form = vec![b'x'; 3 << 20];
    for path in ["/login", "/dashboard", "/nowhere", "/v1/hello"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            form.len()
        );
        let mut raw = Raw::to(&world).await;
        raw.send(head.as_bytes()).await;
        for piece in form.chunks(1 << 18) {
            // Others are served meanwhile, so that the hub has had the time to hang up.
            world.get("/auto-sync").send().await.unwrap();
            assert!(raw.send(piece).await, "{path}: the hub hung up while it was being spoken to");
        }
        let answer = raw.rest().await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn endless_fields_and_endless_heads_of_fields_are_refused() {
    let world = hub().await;
    let fields: Vec<_> = (0..100).map(|at| part(&format!("name=\"f{at}\""), b"x")).collect();
    assert!(exchange(&world, sync(SHARED_KEY, "Ankara", &fields)).await.starts_with("HTTP/1.1 400"));
    // A head of 8 MiB in one field: refused long before it is read.
    let head = part(&format!("name=\"db\"; filename=\"{}\"", "x".repeat(8 << 20)), b"x");
    assert!(exchange(&world, sync(SHARED_KEY, "Ankara", &[head])).await.starts_with("HTTP/1.1 400"));
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn a_file_s_name_names_no_file_of_ours() {
    let world = hub().await;
    for name in ["../../../../tmp/denk-escaped", "/tmp/denk-escaped", "..\\\\x", "a\u{1}b", "CON", "hub.db"] {
        let file = part(&format!("name=\"db\"; filename=\"{name}\""), &office_file("Ankara", 1));
        let answer = exchange(&world, sync(SHARED_KEY, "Ankara", &[file])).await;
        assert!(answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 400"), "{name}: {answer}");
    }
    assert!(!std::path::Path::new("/tmp/denk-escaped").exists());
    world.nothing_incoming().await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let world = hub().await;
    let whole = sync(SHARED_KEY, "Ankara", &[part(FILE, &office_file("Ankara", 1))]);
    for share in [whole.len() / 2, whole.len() - 10] {
        let mut raw = Raw::to(&world).await;
        raw.send(&whole[..share]).await;
        drop(raw);
    }
    // Said to be whole, but without the form's end.
    let half = part(FILE, &office_file("Ankara", 1));
    let head = format!(
        "POST /sync HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nX-API-KEY: {SHARED_KEY}\r\nX-Region: Ankara\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        half.len() - 2
    );
    let answer = exchange(&world, [head.as_bytes(), &half[..half.len() - 2]].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn a_stream_without_end_is_cut_off_early() {
    let world = hub_with(|settings| {
        settings.limits = Limits { upload_bytes_max: 1 << 20, ..Limits::default() };
    })
    .await;
    let mut raw = Raw::to(&world).await;
    let head = format!(
        "POST /sync HTTP/1.1\r\nHost: hub\r\nX-API-KEY: {SHARED_KEY}\r\nX-Region: Ankara\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    raw.send(head).await;
    let begin = part(FILE, &[]);
    let begin = &begin[..begin.len() - 2];
    raw.send([format!("{:x}\r\n", begin.len()).as_bytes(), begin, b"\r\n"].concat()).await;
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    // What the two kernels hold between them is not the hub's; it is far less than this.
    let enough = 256 << 4;
    let mut sent = 0;
    while sent < enough && raw.send(&chunk).await {
        sent += 1;
    }
    assert!(sent < enough, "the hub read {} MiB of a file that may have one", sent >> 4);
    world.nothing_incoming().await;
    // A client that stops there hears why.
    let told = world.upload(SHARED_KEY, "Ankara", vec![b'x'; 2 << 20]).send().await.unwrap();
    assert_eq!(told.status(), StatusCode::PAYLOAD_TOO_LARGE);
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn a_slow_body_is_not_waited_for() {
    let world = hub_with(|settings| {
        settings.limits = Limits { body_wait: Duration::from_millis(200), ..Limits::default() };
    })
    .await;
    let whole = sync(SHARED_KEY, "Ankara", &[part(FILE, &office_file("Ankara", 1))]);
    let mut raw = Raw::to(&world).await;
    raw.send(&whole[..whole.len() / 2]).await;
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(error(&answer), "Gönderme çok uzun sürdü");
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn a_body_that_trickles_for_ever_ends() {
    let world = hub_with(|settings| {
        settings.limits = Limits { upload_wait: Duration::from_millis(500), ..Limits::default() };
    })
    .await;
    let whole = sync(SHARED_KEY, "Ankara", &[part(FILE, &office_file("Ankara", 1))]);
    let (mut read, mut write) = Raw::to(&world).await.stream.into_split();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(Duration::from_millis(20));
        for byte in whole {
            every.tick().await;
            if write.write_all(&[byte]).await.is_err() {
                return;
            }
        }
    });
    let mut answer = [0; 12];
    // Far shorter than the file needs, and than the hub waits for a next piece.
    let told = timeout(PATIENCE, read.read_exact(&mut answer)).await;
    told.expect("the hub gives up").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn headers_that_do_not_end_are_not_waited_for_nor_kept() {
    let world = hub_with(|settings| {
        settings.limits = Limits { header_wait: Duration::from_millis(300), ..Limits::default() };
    })
    .await;
    let mut slow = Raw::to(&world).await;
    slow.send("GET /health HTTP/1.1\r\nHost: hub\r\nX-Slow: ").await;
    assert!(!slow.rest().await.starts_with("HTTP/1.1 200"));
    let huge = format!("GET /health HTTP/1.1\r\nHost: hub\r\nX-Huge: {}\r\n\r\n", "x".repeat(1 << 20));
    assert!(exchange(&world, huge).await.starts_with("HTTP/1.1 431"));
    let many: String = (0..500).map(|at| format!("X-{at}: 1\r\n")).collect();
    let many = format!("GET /health HTTP/1.1\r\nHost: hub\r\n{many}\r\n");
    assert!(exchange(&world, many).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn connections_beyond_the_limit_are_hung_up_on() {
    let world = hub_with(|settings| {
        settings.limits = Limits { connections_max: 2, ..Limits::default() };
    })
    .await;
    let (mut one, mut two) = (Raw::to(&world).await, Raw::to(&world).await);
    let ask = "GET /auto-sync HTTP/1.1\r\nHost: hub\r\n\r\n";
    for raw in [&mut one, &mut two] {
        raw.send(ask).await;
        assert!(raw.answer().await.starts_with("HTTP/1.1 200"));
    }
    let mut three = Raw::to(&world).await;
    three.send(ask).await;
    assert_eq!(three.rest().await, "");
    drop(one);
    timeout(PATIENCE, async {
        loop {
            if exchange(&world, "GET /auto-sync HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
                .await
                .contains("200 OK")
            {
                return;
            }
        }
    })
    .await
    .expect("a place that was left is free");
}

#[tokio::test]
async fn who_comes_when_too_many_uploads_wait_is_told_when_to_come_again() {
    let world = hub_with(|settings| {
        settings.limits = Limits { uploads_max: 1, uploads_waiting_max: 0, ..Limits::default() };
    })
    .await;
    let whole = sync(SHARED_KEY, "Ankara", &[part(FILE, &office_file("Ankara", 1))]);
    let (first, rest) = whole.split_at(whole.len() / 2);
    let mut raw = Raw::to(&world).await;
    raw.send(first).await;
    timeout(PATIENCE, async {
        while world.incoming().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the first one has begun");
    let told = world.upload(SHARED_KEY, "Bursa", office_file("Bursa", 2)).send().await.unwrap();
    assert_eq!(told.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(told.headers()["retry-after"], "10");
    let told: Value = told.json().await.unwrap();
    assert_eq!(told["success"], false);
    assert!(told["error"].as_str().unwrap().contains("yeniden deneyin"), "{told}");
    raw.send(rest).await;
    assert!(raw.rest().await.starts_with("HTTP/1.1 200"), "the first one is not disturbed");
    let again = world.upload(SHARED_KEY, "Bursa", office_file("Bursa", 2)).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn lines_cannot_be_smuggled_into_headers() {
    let world = hub().await;
    for region in ["Ankara\rSet-Cookie: a=b", "Ankara\0", "Ankara\u{7f}"] {
        let answer =
            exchange(&world, sync(SHARED_KEY, region, &[part(FILE, &office_file("Ankara", 1))])).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{region:?}: {answer}");
        assert!(!answer.to_lowercase().contains("set-cookie"), "{answer}");
    }
    let both = "POST /sync HTTP/1.1\r\nHost: hub\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer =
        exchange(&world, [both, "GET /health HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"].concat())
            .await;
    assert!(!answer.contains("\"status\":\"ok\"") || answer.matches("HTTP/1.1").count() == 2, "{answer}");
    nothing_was_stored(&world).await;
}

#[tokio::test]
async fn a_stopped_hub_finishes_the_upload_at_hand() {
    let mut world = hub().await;
    let file = office_file("Ankara", 1);
    let whole = sync(SHARED_KEY, "Ankara", &[part(FILE, &file)]);
    let mut raw = Raw::to(&world).await;
    raw.send(&whole[..whole.len() / 2]).await;
    // The hub has it in its hands when its temporary file is there.
    timeout(PATIENCE, async {
        while world.incoming().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the upload has begun");
    world.stop.take().unwrap().send(()).unwrap();
    let ended = tokio::spawn(world.serving.take().unwrap().ended());
    timeout(PATIENCE, async {
        while tokio::net::TcpStream::connect(world.base.strip_prefix("http://").unwrap()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("nobody else comes in");
    raw.send(&whole[whole.len() / 2..]).await;
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(world.rows("employees").await > 0);
    timeout(PATIENCE, ended).await.expect("the hub ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_first_and_listens_later() {
    let world = hub().await;
    let whole = sync("wrong", "Ankara", &[part(FILE, &vec![b'x'; 3 << 20])]);
    let mut raw = Raw::to(&world).await;
    let (first, rest) = whole.split_at(10_000);
    raw.send(first).await;
    // The answer is there, and the client goes on sending all the same.
    assert!(timeout(PATIENCE, raw.stream.peek(&mut [0])).await.unwrap().unwrap() > 0);
    for piece in rest.chunks(1 << 18) {
        // Others are served meanwhile, so that the hub has had the time to hang up.
        world.get("/auto-sync").send().await.unwrap();
        assert!(raw.send(piece).await, "the hub hung up while it was being spoken to");
    }
    let answer = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    nothing_was_stored(&world).await;
}
