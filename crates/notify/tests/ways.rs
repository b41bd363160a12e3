//! Messages on their way, over real sockets of this machine.
#![allow(clippy::unwrap_used, reason = "tests")]

mod sink;

use std::sync::atomic::Ordering;

use hmac::{Hmac, KeyInit, Mac};
use notify::{Error, Language, Level, Mail, Message, News, Notice, Security, Webhook};
use sink::{MailSink, WebSink};

const NOW_MS: i64 = 1_768_802_400_000;

fn notice(about: &str) -> Notice {
    Notice {
        key: format!("key of {about}"),
        kind: "same_person",
        called: "Aynı kişi olabilir".to_owned(),
        level: Level::Warning,
        region: Some("Ankara".to_owned()),
        about: about.to_owned(),
        what: "Aynı ad".to_owned(),
        path: Some("/employees/1".to_owned()),
        ends: true,
        personal: false,
        seen: false,
    }
}

fn message(abouts: &[&str]) -> Message {
    let news = News { new: abouts.iter().map(|about| notice(about)).collect(), ..News::default() };
    Message::of(&news, Language::Turkish, (Some("https://merkez.example"), NOW_MS))
}

fn mail(sink: &MailSink, security: Security) -> Mail {
    let to = ["patron@x.example".to_owned(), "Şube Ö <sube@x.example>".to_owned()];
    let server = (sink.address.ip().to_string(), sink.address.port());
    Mail::new((&server.0, server.1), security, None, ("denk <denk@x.example>", &to)).unwrap()
}

#[tokio::test]
async fn a_letter_says_what_is_wrong_in_turkish() {
    let sink = MailSink::start();
    mail(&sink, Security::None).send(&message(&["Çağla Iğdır", "Ali Deneme"])).await.unwrap();
    let [letter] = &sink.letters()[..] else { panic!("one letter") };
    assert_eq!(letter.to.len(), 2, "{:?}", letter.to);
    let body = letter.body();
    assert!(body.contains("- Aynı kişi olabilir · Çağla Iğdır · Aynı ad (Ankara)"), "{body}");
    assert!(body.contains("Hepsi: https://merkez.example/alerts"), "{body}");
    assert!(letter.heads().iter().any(|head| head.starts_with("Subject: ")), "{:?}", letter.heads());
}

#[tokio::test]
async fn a_name_adds_no_line_to_the_heads_and_no_recipient() {
    let sink = MailSink::start();
    let mail = mail(&sink, Security::None);
    for evil in [
        "Ali\r\nBcc: hirsiz@x.example\r\n\r\nmerhaba",
        "Ali\nBcc: hirsiz@x.example",
        "Ali\rBcc: hirsiz@x.example",
        "Ayşe\u{2028}\r\n.\r\nMAIL FROM:<hirsiz@x.example>\r\n",
    ] {
        mail.send(&message(&[evil])).await.unwrap();
    }
    let letters = sink.letters();
    assert_eq!(letters.len(), 4);
    for letter in letters {
        assert_eq!(letter.to.len(), 2, "{letter:?}");
        let names = [
            "From",
            "To",
            "Subject",
            "Message-ID",
            "Date",
            "MIME-Version",
            "Content-Type",
            "Content-Transfer-Encoding",
        ];
        for head in letter.heads() {
            let name = head.split(':').next().unwrap().to_owned();
            assert!(names.iter().any(|known| known.eq_ignore_ascii_case(&name)), "{head}: {letter:?}");
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_nothing_when_tls_is_wanted() {
    let sink = MailSink::start();
    for security in [Security::StartTls, Security::Tls] {
        let sent = mail(&sink, security).send(&message(&["Ali"])).await;
        assert!(matches!(sent, Err(Error::Smtp(_))), "{sent:?}");
    }
    assert!(!sink.lines().iter().any(|line| line.starts_with("MAIL")), "{:?}", sink.lines());
}

#[tokio::test]
async fn a_server_that_refuses_is_an_error() {
    let sink = MailSink::start();
    sink.refuses.store(true, Ordering::Relaxed);
    let error = mail(&sink, Security::None).send(&message(&["Ali"])).await.unwrap_err();
    assert!(error.to_string().contains("mail server"), "{error}");
}

#[tokio::test]
async fn what_is_posted_is_signed_json() {
    let sink = WebSink::start("");
    let webhook = Webhook::new(&sink.url(), Some("gizli".to_owned())).unwrap();
    webhook.send(&message(&["Ali \"x\"\r\nX-Evil: 1"]), NOW_MS).await.unwrap();
    let [posted] = &sink.posted()[..] else { panic!("one post") };
    assert!(
        posted.head.starts_with("POST /uyari HTTP/1.1\r\n") && !posted.head.contains("X-Evil"),
        "{}",
        posted.head
    );
    let json = posted.json();
    assert_eq!((json["test"].as_bool(), json["new_count"].as_u64()), (Some(false), Some(1)));
    assert_eq!(json["new"][0]["kind"], "same_person");
    assert_eq!(json["new"][0]["severity"], "warning");
    assert_eq!(json["new"][0]["url"], "https://merkez.example/employees/1");
    assert_eq!(posted.field("x-denk-delivery").as_deref(), json["id"].as_str());
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"gizli").unwrap();
    mac.update(format!("{}.{}", NOW_MS / 1000, posted.body).as_bytes());
    let wanted =
        format!("t={},v1={}", NOW_MS / 1000, data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()));
    assert_eq!(posted.field("x-denk-signature"), Some(wanted));
    let unsigned = Webhook::new(&sink.url(), None).unwrap();
    unsigned.send(&Message::test(Language::English, NOW_MS), NOW_MS).await.unwrap();
    assert_eq!(sink.posted()[1].field("x-denk-signature"), None);
    assert_eq!(sink.posted()[1].json()["test"], true);
}

#[tokio::test]
async fn nobody_is_led_elsewhere_and_errors_are_errors() {
    let other = WebSink::start("");
    let leads = Box::leak(other.url().into_boxed_str());
    let sink = WebSink::start(leads);
    let webhook = Webhook::new(&sink.url(), None).unwrap();
    for status in [301, 302, 303, 307, 308, 400, 404, 500, 503] {
        sink.status.store(status, Ordering::Relaxed);
        let error = webhook.send(&message(&["Ali"]), NOW_MS).await.unwrap_err();
        assert!(matches!(error, Error::Status { status: told, .. } if told == status), "{error}");
        assert!(!error.to_string().contains("uyari"), "{error}");
    }
    assert_eq!(other.posted().len(), 0);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let webhook = Webhook::new(&format!("http://{nobody}/gizli"), None).unwrap();
    let error = webhook.send(&message(&["Ali"]), NOW_MS).await.unwrap_err();
    assert!(matches!(error, Error::Webhook { .. }) && !error.to_string().contains("gizli"), "{error}");
}

#[test]
fn many_are_counted_and_a_few_are_named() {
    let abouts: Vec<String> = (0..500).map(|at| format!("Kişi {at}")).collect();
    let abouts: Vec<&str> = abouts.iter().map(String::as_str).collect();
    let message = message(&abouts);
    assert_eq!(message.subject, "denk: 500 yeni uyarı");
    assert!(
        message.text.contains("- … 480 tane daha") && message.text.lines().count() < 30,
        "{}",
        message.text
    );
    assert_eq!(message.json["new"].as_array().unwrap().len(), 200);
    let news = News { ended: vec![notice("Ali").told()], ..News::default() };
    let message = Message::of(&news, Language::English, (None, NOW_MS));
    assert_eq!(message.subject, "denk: Over: Aynı kişi olabilir · Ali · Aynı ad (Ankara)");
}
