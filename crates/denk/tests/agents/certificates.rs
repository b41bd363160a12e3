//! A hub that shows another certificate than it should.

use std::fs;

use super::{Office, Staying, door::Door, hub::Hub, until};

/// A hub that speaks TLS, with a certificate that it made itself.
fn secure() -> Hub {
    let mut hub = Hub::start();
    hub.kill();
    listen(&hub, "0");
    hub.serve();
    listen(&hub, hub.url.rsplit(':').next().unwrap());
    hub.url = hub.url.replace("0.0.0.0", "127.0.0.1");
    hub
}

fn listen(hub: &Hub, port: &str) {
    fs::write(hub.folder.path().join("denk.toml"), format!("[hub]\nlisten = '0.0.0.0:{port}'\n")).unwrap();
}

/// As its enrolment line says it: with the certificate's fingerprint.
fn office(hub: &Hub, name: &str) -> Office {
    let (code, said) = hub.denk(&["site", "add", name, "--region", "Ankara"]);
    assert_eq!(code, 0, "{said:#}");
    let secret = said["enrolment"].as_str().unwrap().split_once('#').unwrap().1;
    let settings = hub.folder.path().join(format!("{name}.toml"));
    let file = hub.file(&format!("{name}.db"), "Ankara", 1);
    Office { file, settings, line: format!("denk+{}/#{secret}", hub.url) }
}

fn refused(hub: &Hub, office: &Office) -> String {
    let (code, said) = office.once(hub);
    assert_eq!((code, said["error"]["code"].as_str()), (1, Some("DENK-5019")), "{said:#}");
    said["error"]["why"].as_str().unwrap().to_owned()
}

#[test]
fn a_certificate_that_is_not_the_right_one_is_told_as_that_and_nothing_is_sent() {
    let hub = secure();
    let right = office(&hub, "a1");
    assert!(right.line.starts_with("denk+https://"), "{}", right.line);
    let (line, mark) = right.line.rsplit_once('.').unwrap();
    let with = |line: String| Office { file: right.file.clone(), settings: right.settings.clone(), line };
    let other = with(format!("{line}.{}", "ab".repeat(mark.len() / 2)));
    assert!(refused(&hub, &other).contains("does not show the enrolment line's certificate"));
    let unknown = refused(&hub, &with(line.to_owned()));
    assert!(unknown.contains("does not trust the certificate"), "{unknown}");
    let sites = hub.denk(&["site", "list"]).1;
    assert!(sites["sites"][0]["last_contact"].is_null(), "{sites:#}");
    assert_eq!(right.synced(&hub)["waiting"], 0);
}

/// Code and reason, which is all in one line and language.
fn wrong(hub: &Hub, office: &Office, words: &[&str]) -> String {
    let file = office.file.to_str().unwrap();
    let said = hub.command(&[&["--lang", "tr", "agent", "--once", "--db", file][..], words].concat());
    let said = { said }.output().unwrap();
    assert_eq!(said.status.code(), Some(2));
    let said = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert!(
        !["error", "message", "sending", "parsed"].iter().any(|word| said[10..].contains(word)),
        "{said}"
    );
    said
}

#[test]
fn an_address_that_says_http_for_https_or_the_other_way_round_is_a_wrong_setting() {
    let hub = secure();
    let office = office(&hub, "a1");
    let plain = office.line.replace("https://", "http://");
    let said = wrong(&hub, &office, &["--hub", &plain]);
    assert!(said.contains("DENK-5014") && said.contains("adresinde http:// ile konuşulmuyor"), "{said}");
    let other = Hub::start();
    let line = office.line.replace(&hub.url, &other.url.replace("http://", "https://"));
    let said = wrong(&hub, &office, &["--hub", &line]);
    assert!(said.contains("DENK-5014") && said.contains("adresinde https:// ile konuşulmuyor"), "{said}");
    let staying = Staying::start(&hub, &Office { line: plain, ..office });
    let door = Door::of(&staying);
    until("it is told", || door.page().contains("Senkron HATA: Bu adreste http:// ile konuşulmuyor"));
}

#[test]
fn the_whole_line_is_taken_from_wherever_it_was_pasted() {
    let hub = secure();
    let office = office(&hub, "a1");
    let file = office.file.to_str().unwrap();
    let labelled = format!("Kayıt satırı: {}", office.line);
    for words in
        [&["--token", &office.line][..], &["--hub", &labelled], &["--hub", &hub.url, "--token", &labelled]]
    {
        let (code, said) = hub.denk(&[&["agent", "--once", "--db", file][..], words].concat());
        assert_eq!(code, 0, "{said:#}");
    }
}

#[test]
fn an_agent_that_stays_says_that_the_certificate_is_another_one_now() {
    let mut hub = secure();
    let office = office(&hub, "a1");
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    until("the first exchange", || door.page().contains("Senkron OK (Ankara)"));
    hub.kill();
    fs::remove_file(hub.folder.path().join("data/certificate.pem")).unwrap();
    hub.serve();
    door.sync();
    let page = door.page();
    assert!(page.contains("Senkron HATA: Merkezin sertifikası kayıt satırındaki değil"), "{page}");
    drop(staying);
    refused(&hub, &office);
    let (_, said) = hub.denk(&["site", "add", "a1-yeni", "--region", "Ankara"]);
    let secret = said["enrolment"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let url = office.line.split('#').next().unwrap();
    Office { line: format!("{url}#{secret}"), ..office }.synced(&hub);
}
