//! The hub's pages in a real browser, on a phone and at a desk.
#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

#[path = "../page/browser.rs"]
#[allow(dead_code, reason = "not every test needs all of it")]
mod browser;
#[path = "../hub_process/mod.rs"]
mod hub;
mod undo;
mod users;
mod watch;

use std::{path::PathBuf, thread, time::Duration};

use browser::Browser;
use hub::Hub;
use rusqlite::Connection;
use serde_json::Value;
use testkit::office::{self, Office, Shape, Size};

const PASSWORD: &str = "uzun-bir-parola";
/// No page is larger. **Units**: bytes.
const PAGE_BYTES_MAX: u64 = 300_000;

/// A hub with two offices, each after a year.
struct Headquarters {
    hub: Hub,
    token: String,
    file: PathBuf,
}

impl Headquarters {
    fn new() -> Self {
        Self::with("")
    }

    /// With further lines of `[hub]` in the hub's configuration.
    fn with(settings: &str) -> Self {
        let hub = Hub::start_with(settings);
        let mut ankara = None;
        for (name, region, seed) in [("Bursa PC", "Bursa", 2), ("Ankara PC", "Ankara", 1)] {
            let token = hub.add_site(name, region);
            let file = hub.folder.path().join(format!("{region}.db"));
            let office = Office { shape: Shape::Live, size: Size::year(), region, seed };
            office::generate(&file, &office).unwrap();
            assert_eq!(hub.upload(&token, "", &file).0, 200);
            ankara = Some((token, file));
        }
        let (token, file) = ankara.unwrap();
        Self { hub, token, file }
    }

    /// Changes the office's file and sends it.
    fn enter(&self, sql: &str) {
        Connection::open(&self.file).unwrap().execute_batch(sql).unwrap();
        assert_eq!(self.hub.upload(&self.token, "", &self.file).0, 200);
    }

    /// A browser in which somebody has logged in, who had a one-time password.
    fn log_in(&self, name: &str, role: &[&str]) -> Browser {
        let (code, said) = self.hub.denk(&[&["user", "add", name, "--role"], role].concat());
        assert_eq!(code, 0, "{said:#}");
        let once = said["password"].as_str().unwrap();
        let browser = Browser::open("tr");
        browser.goto(&self.at("/employees"));
        browser.type_into("username", name);
        browser.type_into("password", once);
        browser.click("log-in");
        choose_password(&browser, once);
        browser
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.hub.url)
    }
}

/// What the first log-in asks for.
fn choose_password(browser: &Browser, once: &str) {
    browser.shows("main", "tek kullanımlık");
    let fill = format!(
        "const fields = document.querySelectorAll('.fields input'); fields[0].value = '{once}';
         fields[1].value = fields[2].value = '{PASSWORD}'; document.querySelector('.fields button').click()"
    );
    browser.run(&fill);
    browser.shows("main", "Genel bakış");
}

/// Looks again and again until it is so; the number of looks ends a test that fails.
fn until(what: &str, so: impl Fn() -> bool) {
    let looks = (0..3_000).take_while(|_| !so()).inspect(|_| thread::park_timeout(Duration::from_millis(20)));
    assert!(looks.count() < 3_000, "{what}");
}

fn texts(of: &Value) -> Vec<String> {
    of.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Pages of the navigation, and one row of each list.
fn pages(browser: &Browser) -> Vec<String> {
    let links = "return [...document.querySelectorAll('#pages a')].map((a) => a.getAttribute('href'))";
    let mut pages = texts(&browser.run(links));
    assert_eq!(pages.len(), 17, "{pages:?}");
    // Behind the first one and those on which people decide; the last one is those of reports and of the administration.
    for list in &pages.clone()[5..14] {
        browser.run(&format!("location.assign('{list}')"));
        until(list, || {
            browser.run("return location.pathname + !!document.getElementById('rows')")
                == format!("{list}true")
        });
        let row = browser.run("return document.querySelector('#rows tbody th a').getAttribute('href')");
        pages.push(row.as_str().unwrap().to_owned());
    }
    pages
}

#[test]
fn every_page_is_whole_on_a_phone_and_at_a_desk_by_day_and_by_night() {
    let headquarters = Headquarters::new();
    let browser = headquarters.log_in("patron", &["admin"]);
    let pages = pages(&browser);
    for (width, height, colours) in [(360, 740, "light"), (1280, 900, "light"), (1280, 900, "dark")] {
        browser.screen(width, height, colours);
        for page in &pages {
            browser.goto(&headquarters.at(page));
            browser.shows("live", "Canlı");
            let sideways = browser
                .run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(sideways, 0, "{page} at {width}");
            let bytes = browser.run("return performance.getEntriesByType('navigation')[0].decodedBodySize");
            assert!(bytes.as_u64().unwrap() < PAGE_BYTES_MAX, "{page}: {bytes}");
            let marked = browser.run("return document.querySelectorAll('#pages [aria-current]').length");
            assert_eq!(marked, 1, "{page}");
            let name = page.trim_start_matches('/').split('/').collect::<Vec<_>>();
            let name = if name.len() > 1 { format!("{}-row", name[0]) } else { name[0].to_owned() };
            browser.picture(&format!("hub-{name}-{width}-{colours}"));
        }
    }
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn what_is_labelled_is_labelled_for_everybody() {
    let headquarters = Headquarters::new();
    let browser = headquarters.log_in("patron", &["admin"]);
    for page in pages(&browser) {
        browser.goto(&headquarters.at(&page));
        let unnamed = browser.run(
            "const unnamed = [...document.querySelectorAll('input:not([type=hidden]), select')].filter((field) => !field.labels.length && !field.ariaLabel);
             const tables = [...document.querySelectorAll('table')].filter((table) => !table.caption?.textContent.trim() || table.querySelector('thead th:not([scope])'));
             const links = [...document.querySelectorAll('a, button')].filter((link) => !link.textContent.trim());
             const ids = [...document.querySelectorAll('[id]')].map((one) => one.id).filter((id, at, all) => all.indexOf(id) !== at);
             return [...unnamed, ...tables, ...links].map((one) => one.outerHTML.slice(0, 200)).concat(ids, document.querySelectorAll('h1').length === 1 ? [] : ['h1'])",
        );
        assert_eq!(texts(&unnamed), [""; 0], "{page}");
    }
    // The first key leads past the navigation.
    browser.goto(&headquarters.at("/employees"));
    browser.press("\u{e004}");
    assert_eq!(browser.run("return document.activeElement.className"), "skip");
    browser.press("\u{e007}");
    until("the content has the focus", || browser.run("return document.activeElement.id") == "main");
}

#[test]
fn somebody_searches_orders_turns_pages_and_opens_a_row() {
    let headquarters = Headquarters::new();
    headquarters
        .enter("update employees set full_name = 'Çağla Iğdır' where id = (select min(id) from employees)");
    let browser = headquarters.log_in("patron", &["admin"]);
    browser.goto(&headquarters.at("/employees"));
    browser.shows("count", "24");
    browser.type_into("search", "cagla igdir\u{e007}");
    browser.shows("count", "1–1 / 1");
    assert_eq!(browser.run("return location.search"), "?q=cagla+igdir", "nothing that was not asked for");
    browser.run("document.querySelector('#rows tbody th a').click()");
    browser.shows("main", "Puantaj");
    browser.shows("history", "Ankara PC");
    browser.picture("hub-history");
    browser.run("document.querySelector('#of-timesheets .months a').click()");
    browser.shows("of", "Çağla Iğdır");
    browser.goto(&headquarters.at("/timesheets"));
    browser.shows("count", "1–50 / 4.000");
    browser.run("document.getElementById('next').click()");
    browser.shows("count", "51–100 / 4.000");
    browser.run("const region = document.getElementById('region'); region.value = 'Bursa'; region.dispatchEvent(new Event('change', { bubbles: true }))");
    browser.shows("count", "1–50 / 2.000");
    browser.run("document.querySelector('thead th:nth-child(2) a').click()");
    until("ordered", || {
        browser.run("return document.querySelector('thead th:nth-child(2)')?.getAttribute('aria-sort')")
            == "ascending"
    });
    browser.shows("count", "1–50 / 2.000");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn what_an_office_enters_appears_by_itself_and_a_hub_that_is_away_is_told_of() {
    let mut headquarters = Headquarters::new();
    let browser = headquarters.log_in("ankara", &["office", "--region", "Ankara"]);
    browser.goto(&headquarters.at("/employees"));
    browser.shows("live", "Canlı");
    browser.run("window.same = true; scrollTo(0, 40)");
    browser.type_into("search", "yarım kalan");
    headquarters.enter("insert into employees (full_name, region) values ('Anında Görünen', 'Ankara')");
    browser.shows("rows", "Anında Görünen");
    assert_eq!(browser.run("return window.same"), true, "the page was not loaded again");
    assert_eq!(browser.value("search"), "yarım kalan");
    assert_eq!(browser.run("return document.activeElement.id"), "search");
    assert_eq!(browser.complaints(), [""; 0]);
    headquarters.hub.kill();
    browser.shows("live", "Merkeze ulaşılamıyor");
    assert_eq!(browser.run("return document.getElementById('main').classList.contains('stale')"), true);
    browser.picture("hub-away");
}

#[test]
fn somebody_resolves_a_conflict_and_lets_a_held_file_through() {
    let headquarters = Headquarters::new();
    let hub = &headquarters.hub;
    let (other, second) = (hub.add_site("Ankara 2", "Ankara"), hub.folder.path().join("second.db"));
    assert_eq!(hub.download(&other, "", &second), 200);
    let name = "(select min(full_name) from employees)";
    let title = |title: &str| format!("update employees set title = '{title}' where full_name = {name}");
    headquarters.enter(&title("Usta"));
    Connection::open(&second).unwrap().execute_batch(&title("Kalfa")).unwrap();
    assert_eq!(hub.upload(&other, "", &second).0, 200);
    Connection::open(&second).unwrap().execute_batch("delete from timesheets where id % 2 = 0").unwrap();
    hub.upload(&other, "", &second);

    let browser = headquarters.log_in("ankara", &["manager", "--region", "Ankara"]);
    browser.goto(&headquarters.at("/dashboard"));
    browser.shows("conflicts", "1");
    browser.shows("held", "1");
    for (page, ready) in [("conflicts", "open-rows"), ("held", "main")] {
        for (width, height, colours) in [(360, 740, "light"), (1280, 900, "light"), (1280, 900, "dark")] {
            browser.screen(width, height, colours);
            browser.goto(&headquarters.at(&format!("/{page}")));
            browser.shows(ready, "Ankara 2");
            let sideways =
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.run(sideways), 0, "{page} at {width}");
            browser.picture(&format!("hub-{page}-waiting-{width}-{colours}"));
        }
    }
    browser.goto(&headquarters.at("/conflicts"));
    browser.run("document.querySelector('#open-rows input').click()");
    browser.run("document.querySelector('#open-rows button[name=other]').click()");
    browser.shows("done", "1 çakışmaya karar verildi");
    browser.shows("decided-rows", "ankara");
    assert_eq!(
        browser.run("return document.querySelectorAll('#pages a:not([href=\"/alerts\"]) .waits').length"),
        1
    );
    browser.picture("hub-conflicts-decided");

    browser.goto(&headquarters.at("/held"));
    browser.run("document.querySelector('a.button').click()");
    browser.shows("sentence", "1.000 silmesi");
    browser.picture("hub-held-sure");
    browser.click("decide");
    browser.shows("done", "Geçirildi");
    browser.shows("nothing", "Onay bekleyen bir şey yok");
    browser.goto(&headquarters.at("/timesheets"));
    browser.shows("count", "1–50 / 1.000");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn somebody_adds_a_pc_sees_its_line_and_cuts_it_off() {
    let headquarters = Headquarters::new();
    let browser = headquarters.log_in("patron", &["admin"]);
    browser.goto(&headquarters.at("/admin"));
    browser.shows("sites-rows", "Ankara PC");
    browser.type_into("site-name", "İzmir şantiye");
    browser.type_into("site-region", "Bursa");
    browser.click("site-add");
    browser.shows("once", "yalnız bu kez");
    let line = browser.run("return document.getElementById('enrolment-line').textContent");
    assert!(line.as_str().unwrap().starts_with("denk+http://127.0.0.1:"), "{line}");
    let box_of = "const box = document.getElementById('qr').getBoundingClientRect(); return box.width > 150 && Math.abs(box.width - box.height) < 1";
    assert_eq!(browser.run(box_of), true);
    for (width, height, colours) in [(360, 740, "light"), (1280, 900, "light"), (1280, 900, "dark")] {
        browser.screen(width, height, colours);
        let sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.run(sideways), 0, "at {width}");
        browser.picture(&format!("hub-enrolment-{width}-{colours}"));
    }
    // News do not take away what is shown once.
    headquarters.enter("insert into employees (full_name, region) values ('Yeni Gelen', 'Ankara')");
    assert_eq!(browser.run("return document.getElementById('enrolment-line').textContent"), line);

    browser.run("document.querySelector('.above a').click()");
    browser.shows("sites-rows", "İzmir şantiye");
    browser.run("[...document.querySelectorAll('#sites-rows th a')].pop().click()");
    browser.shows("facts", "henüz bağlanmadı");
    browser.picture("hub-site");
    browser.click("ask-revoke");
    browser.shows("sentence", "geri dönüşsüz");
    browser.picture("hub-site-sure");
    browser.click("decide");
    browser.shows("done", "İptal edildi");
    browser.shows("sites-rows", "iptal edildi");
    browser.picture("hub-sites-revoked");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn somebody_makes_a_backup_tries_it_out_and_looks_at_the_settings() {
    // The clock would get in the way.
    let headquarters = Headquarters::with("backup = { every = 'never' }");
    let browser = headquarters.log_in("patron", &["admin"]);
    browser.goto(&headquarters.at("/admin/backups"));
    browser.click("create");
    browser.shows("ended", "Yedek alındı");
    browser.shows("kept-rows", "istenince");
    browser.click("drill");
    browser.shows("ended", "geri yüklendi, açıldı ve denetlendi");
    browser.click("check");
    browser.shows("ended", "hepsi sağlam");
    browser.shows("kept-rows", "denetlendi, sağlam");
    for page in ["backups", "settings", "sites"] {
        for (width, height, colours) in [(360, 740, "light"), (1280, 900, "light"), (1280, 900, "dark")] {
            browser.screen(width, height, colours);
            browser.goto(&headquarters.at(&format!("/admin/{page}")));
            browser.shows("live", "Canlı");
            let sideways =
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(browser.run(sideways), 0, "{page} at {width}");
            browser.picture(&format!("hub-admin-{page}-{width}-{colours}"));
        }
    }
    browser.goto(&headquarters.at("/admin/settings"));
    browser.shows("made-rows", "denk.toml, satır 2");
    let key = browser.run(
        "return [...document.querySelectorAll('#made-rows tr')].find((line) => line.textContent.includes('hub.api_key')).textContent",
    );
    assert!(key.as_str().unwrap().contains("***") && !key.as_str().unwrap().contains("shared"), "{key}");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn what_should_be_looked_at_is_filtered_opened_marked_as_seen_and_taken_back() {
    let headquarters = Headquarters::new();
    headquarters.enter(
        "update timesheets set start_time = '99:25' where id = (select max(id) from timesheets);
         update vehicles set inspection_date = '2020-01-02' where id = (select min(id) from vehicles)",
    );
    let browser = headquarters.log_in("sorumlu", &["manager", "--region", "Ankara"]);
    browser.goto(&headquarters.at("/alerts"));
    browser.shows("rows", "saat 99 olamaz");
    browser.shows("rows", "Muayene: 02.01.2020");
    browser.run("const kind = document.getElementById('kind'); kind.value = 'impossible_time'; kind.dispatchEvent(new Event('change', { bubbles: true }))");
    browser.shows("count", "1–1 / 1");
    for (width, height) in [(390, 844), (1280, 900)] {
        browser.screen(width, height, "light");
        browser.picture(&format!("hub-alerts-filtered-{width}"));
    }
    browser.run("document.querySelector('#rows tbody th a').click()");
    browser.shows("history", "Ankara PC");
    browser.goto(&headquarters.at("/alerts?kind=impossible_time"));
    browser.shows("count", "1–1 / 1");
    browser.run("document.querySelector('#rows input[type=checkbox]').click()");
    browser.type_into("note", "şubeye soruldu\u{e007}");
    browser.shows("done", "1 uyarı görüldü olarak işaretlendi.");
    browser.shows("nothing", "Bu süzgece uyan kayıt yok.");
    browser.goto(&headquarters.at("/alerts?state=accepted"));
    browser.shows("rows", "şubeye soruldu");
    browser.picture("hub-alerts-seen");
    browser.run("document.querySelector('#rows input[type=checkbox]').click(); document.querySelector('#mark button').click()");
    browser.shows("done", "1 uyarı yeniden gösteriliyor.");
    // What an office mends goes by itself.
    browser.goto(&headquarters.at("/alerts?kind=impossible_time"));
    browser.shows("live", "Canlı");
    headquarters.enter("update timesheets set start_time = '08:25' where start_time = '99:25'");
    browser.shows("nothing", "Bu süzgece uyan kayıt yok.");
    assert_eq!(browser.complaints(), [""; 0]);
}
