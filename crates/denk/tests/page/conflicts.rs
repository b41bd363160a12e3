//! What two people of a region changed, as the page of one of them shows it.

use rusqlite::Connection;

use super::{Office, browser::Browser};

/// Another office of the region, which exchanges when it is told to.
struct Other<'a> {
    office: &'a Office,
    line: String,
    file: std::path::PathBuf,
}

impl<'a> Other<'a> {
    fn of(office: &'a Office) -> Self {
        let token = office.hub.add_site("a2", "Ankara");
        let line = format!("denk+{}/#{token}", office.hub.url);
        let other = Self { office, line, file: office.hub.file("a2.db", "Ankara", 1) };
        other.sync();
        other
    }

    fn write(&self, sql: &str) {
        Connection::open(&self.file).unwrap().execute_batch(sql).unwrap();
    }

    fn sync(&self) {
        let file = self.file.to_str().unwrap();
        let words = ["-c", "a2.toml", "agent", "--once", "--db", file, "--hub", &self.line];
        let (code, said) = self.office.hub.denk(&words);
        assert_eq!(code, 0, "{said:#}");
    }
}

fn title(of: &str, title: &str) -> String {
    format!("update employees set title = {title} where full_name = '{of}'")
}

#[test]
fn conflicts_are_shown_as_the_hub_has_them() {
    let office = Office::start();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    let other = Other::of(&office);
    browser.click("sync");
    browser.shows("note", "Eşitlendi.");
    browser.shows("conflicts", "Yok");

    let program = Connection::open(&office.file).unwrap();
    for name in ["Ali Bir", "Veli İki", "Can Üç"] {
        let sql = "insert into employees (full_name, title, region) values (?, 'Usta', 'Ankara')";
        program.execute(sql, [name]).unwrap();
    }
    // A page that is being loaded anew takes no clicks: its note says that it is there.
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    browser.click("sync");
    browser.shows("note", "Eşitlendi.");
    browser.shows("waiting", "0");
    other.sync();
    browser.click("active");
    browser.click("save");
    browser.shows("status", "Senkron kapalı");
    assert_eq!(browser.text("conflicts"), "Senkron kapalıyken gösterilemez.");
    program.execute_batch(&title("Ali Bir", "'Şef'")).unwrap();
    program.execute_batch(&title("Veli İki", "7")).unwrap();
    program.execute_batch("delete from employees where full_name = 'Can Üç'").unwrap();
    other
        .write(&[title("Ali Bir", "'Müdür'"), title("Veli İki", "null"), title("Can Üç", "'Şef'")].join(";"));
    other.sync();
    browser.click("active");
    browser.click("save");
    browser.shows("status", "Senkron OK (Ankara)");
    browser.click("sync");
    browser.shows("note", "Eşitlendi.");
    let shown = browser.text("conflicts");
    for told in ["employees: Ali Bir", "employees: Veli İki", "employees: Can Üç", "Müdür", "boş", "silme"]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    browser.screen(800, 1500, "light");
    browser.picture("conflicts");

    // One is decided, of another something later stands.
    let listed = office.hub.denk(&["conflicts", "list"]).1;
    let ali = listed["items"].as_array().unwrap().iter().find(|one| one["key"] == "Ali Bir").unwrap();
    let (code, said) = office.hub.denk(&["conflicts", "take", &ali["id"].to_string(), "local"]);
    assert_eq!(code, 0, "{said:#}");
    program.execute_batch(&title("Veli İki", "'Kalfa'")).unwrap();
    browser.click("sync");
    browser.shows("conflicts", "daha sonraki bir değer");
    assert!(!browser.text("conflicts").contains("Ali Bir"), "it is decided");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn what_keeps_conflicts_from_being_shown_is_in_the_log() {
    let mut office = Office::start();
    let browser = Browser::open("tr-TR");
    browser.goto(&office.page);
    browser.shows("status", "Senkron OK (Ankara)");
    office.hub.kill();
    browser.click("sync");
    browser.shows("note", "Eşitlenemedi");
    // What failed stays on the page; loaded anew it tells.
    browser.run("location.reload()");
    browser.shows("conflicts", "Şu anda gösterilemiyor: merkeze sorulamadı.");
    let log = office.settings.with_file_name("logs").join("combined.log");
    let said = std::fs::read_to_string(log).unwrap();
    assert!(said.contains("the conflicts cannot be shown"), "{said}");
}
