//! What an office clerk sees and does.

use rusqlite::Connection;
use serde_json::json;

use super::{Office, browser::Browser, until};

/// Whether the page was loaded again since the last time it was asked.
fn mark(browser: &Browser) {
    browser.run("window.mark = true");
}

fn is_marked(browser: &Browser) -> bool {
    browser.run("return window.mark === true") == json!(true)
}

#[test]
fn the_state_changes_while_it_is_looked_at() {
    let mut office = Office::without_file();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron HATA: Programın dosyası yerinde yok");
    browser.shows("hint", "Dosya geri gelince kendiliğinden sürer.");
    browser.picture("missing-file");
    mark(&browser);
    office.bring_file();
    browser.shows("status", "Senkron OK (Ankara)");
    assert_eq!(browser.text("status"), "Senkron OK (Ankara)");
    browser.shows("errors", "Programın dosyası yerinde yok");
    browser.shows("connection", "canlı");
    browser.shows("clock", "doğru");
    browser.shows("waiting", "0");
    assert!(is_marked(&browser), "nothing was loaded again");
    browser.picture("ok");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    office.stop();
    browser.shows("status", "Ajan durmuş");
    assert!(is_marked(&browser));
}

#[test]
fn settings_are_tried_kept_and_switched() {
    let office = Office::start();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    let (kept, hub) = (office.kept(), format!("{}/", office.hub.url));
    mark(&browser);
    browser.type_into("url", "http://127.0.0.1:1/");
    browser.type_into("token", "9_typed");
    browser.click("test");
    browser.shows("note", "Merkeze ulaşılamıyor");
    assert_eq!(
        (browser.value("url").as_str(), browser.value("token").as_str()),
        ("http://127.0.0.1:1/", "9_typed")
    );
    let seen = "const place = document.getElementById('note').getBoundingClientRect();
        return place.top >= 0 && place.bottom <= innerHeight";
    assert_eq!(browser.run(seen), json!(true), "nobody has to look for the outcome");
    browser.picture("test-failed");
    browser.type_into("url", &hub);
    browser.click("test");
    browser.shows("note", "Merkez bu token'ı tanımıyor");
    browser.type_into("token", "");
    browser.click("test");
    browser.shows("note", "Bağlantı çalışıyor: merkez bu büroyu tanıyor (Ankara)");
    assert!(is_marked(&browser), "what was typed stayed");
    assert_eq!((office.kept(), browser.text("status").as_str()), (kept.clone(), "Senkron OK (Ankara)"));

    browser.type_into("url", "hub.example");
    browser.type_into("token", "9_typed");
    browser.click("save");
    browser.shows("note", "Adres yanlış");
    assert_eq!((browser.value("url").as_str(), browser.value("token").as_str()), ("hub.example", "9_typed"));
    assert_eq!(office.kept(), kept);
    browser.click("sync");
    browser.shows("note", "Eşitlendi.");
    assert_eq!((browser.value("url"), browser.value("token")), (hub.clone(), String::new()));
    browser.type_into("token", "9_wrong");
    browser.click("save");
    browser.shows("note", "Kaydedildi.");
    browser.shows("status", "Senkron HATA: Merkez bu token'ı tanımıyor ya da iptal etmiş");
    assert!(!browser.run("return document.documentElement.outerHTML").as_str().unwrap().contains("9_wrong"));
    browser.picture("wrong-token");
    browser.type_into("url", &format!("denk+{hub}#{}", office.token));
    browser.click("save");
    browser.shows("status", "Senkron OK (Ankara)");
    assert_eq!(browser.value("url"), hub, "the enrolment line is taken apart");
    assert_eq!(office.kept(), kept);

    browser.click("active");
    browser.click("save");
    browser.shows("status", "Senkron kapalı");
    let program = Connection::open(&office.file).unwrap();
    program.execute("update employees set title = 'Şef' where id = 1", []).unwrap();
    browser.shows("waiting", "1");
    browser.picture("off");
    browser.click("sync");
    browser.shows("note", "Senkron kapalı");
    browser.click("active");
    browser.click("save");
    browser.shows("status", "Senkron OK (Ankara)");
    browser.shows("waiting", "0");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_link_opens_its_tab_and_leaves_nothing_behind() {
    let office = Office::start();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    let (cookies, history) = browser.kept();
    assert_eq!(cookies, json!([]), "a cookie goes to every port");
    assert_eq!(history.last().unwrap(), &format!("{}/", office.base()));
    assert!(history.iter().all(|entry| !entry.contains("?key=") && !entry.contains('#')), "{history:?}");

    mark(&browser);
    browser.run("location.reload()");
    until("it is loaded again", || !is_marked(&browser));
    browser.shows("status", "Senkron OK (Ankara)");
    browser.run("document.querySelector('header a').click()");
    browser.shows("status", "Sync OK (Ankara)");
    browser.run("history.back()");
    browser.shows("status", "Senkron OK (Ankara)");
    browser.run("history.forward()");
    browser.shows("status", "Sync OK (Ankara)");
    assert_eq!(browser.complaints(), Vec::<String>::new());

    browser.new_tab();
    browser.goto(&format!("{}/", office.base()));
    browser.shows("status", "Bu sayfa yalnızca denk ajanının verdiği bağlantı ile açılır");
    browser.picture("without-the-link");
    assert!(!browser.run("return document.body.textContent").as_str().unwrap().contains("Ankara"));
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    // What a tab keeps of an agent that was started again.
    browser.run("sessionStorage.setItem('denk-key', 'old'); location.reload()");
    browser.shows("status", "Ajan durmuş ya da yeniden başlamış");
    browser.picture("old-tab");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
}

#[test]
fn a_keyboard_is_enough() {
    let office = Office::start();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    let here = || browser.run("return document.activeElement.id || document.activeElement.tagName");
    let tab = "\u{e004}";
    let order: Vec<String> = (0..7)
        .map(|_| {
            browser.press(tab);
            here().as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(order, ["A", "sync", "active", "url", "token", "save", "test"]);
    browser.press("\u{e007}");
    browser.shows("note", "Bağlantı çalışıyor");
    assert_eq!(here(), json!("test"), "the cursor stays where it was");
    browser.run("document.getElementById('active').focus()");
    browser.press(" ");
    browser.press(tab);
    browser.press("\u{e007}");
    browser.shows("status", "Senkron kapalı");
}

#[test]
fn it_fits_every_screen_in_both_languages() {
    let office = Office::start();
    let browser = Browser::open("en");
    browser.goto(&office.page);
    browser.shows("status", "Sync OK (Ankara)");
    browser.click("sync");
    browser.shows("note", "Synchronised.");
    let link = "return document.querySelector('header a').click()";
    browser.run(link);
    browser.shows("sync", "Şimdi eşitle");
    browser.click("sync");
    browser.shows("note", "Eşitlendi.");
    for label in ["Senkron Aktif", "Senkron URL", "Senkron Token", "Kaydet", "Bağlantıyı dene"] {
        browser.shows("settings", label);
    }
    browser.type_into("token", "9_wrong");
    browser.click("save");
    browser.shows("status", "Senkron HATA");
    for (width, height) in [(360, 1400), (1280, 1200)] {
        for colours in ["light", "dark"] {
            browser.screen(width, height, colours);
            let wide = browser.run("return document.documentElement.scrollWidth");
            assert!(wide.as_u64().unwrap() <= u64::from(width), "{width}: {wide}");
            let lightness = "return getComputedStyle(document.getElementById('status')).color";
            assert!(browser.run(lightness).is_string());
            browser.picture(&format!("{width}-{colours}"));
        }
    }
    browser.run(link);
    browser.shows("status", "Sync ERROR: The hub does not know this token");
    browser.picture("english");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
