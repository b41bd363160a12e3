//! An administrator adds people, and they log in.

use crate::{Headquarters, PASSWORD, browser::Browser, choose_password, until};

const WIDTHS: [(u32, u32, &str); 3] = [(390, 844, "light"), (1280, 900, "light"), (1280, 900, "dark")];

/// Looks at a page as wide as people have it.
fn look(browser: &Browser, page: &str, open: impl Fn()) {
    for (width, height, colours) in WIDTHS {
        browser.screen(width, height, colours);
        open();
        let sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.run(sideways), 0, "{page} at {width}");
        browser.picture(&format!("hub-{page}-{width}-{colours}"));
    }
}

/// Sends the form of a button, and waits for what the next page says.
fn press(browser: &Browser, button: &str, at: &str, says: &str) {
    browser.run(&format!("document.getElementById('{button}').click()"));
    browser.shows(at, says);
}

fn choose(browser: &Browser, field: &str, value: &str) {
    browser.run(&format!("document.getElementById('{field}').value = '{value}'"));
}

fn log_in(browser: &Browser, name: &str, password: &str) {
    browser.type_into("username", name);
    browser.type_into("password", password);
    browser.click("log-in");
}

#[test]
fn somebody_is_added_logs_in_chooses_a_password_and_logs_out_everywhere() {
    let headquarters = Headquarters::new();
    let patron = headquarters.log_in("patron", &["admin"]);
    patron.goto(&headquarters.at("/admin/users"));
    patron.type_into("new-name", "Çağla");
    choose(&patron, "new-role", "manager");
    choose(&patron, "new-region", "Bursa");
    press(&patron, "add-user", "main", "Çağla için tek kullanımlık parola");
    let once = patron.run("return document.getElementById('once').textContent");
    let once = once.as_str().unwrap().to_owned();
    // What an office enters meanwhile does not take it away.
    headquarters.enter("insert into employees (full_name, region) values ('Sonradan Gelen', 'Ankara')");
    patron.shows("once", &once);
    patron.picture("hub-users-once");
    look(&patron, "users-list", || {
        patron.goto(&headquarters.at("/admin/users"));
        patron.shows("users", "Çağla");
    });
    patron.shows("users", "parolasını değiştirmeli");

    let desk = Browser::open("tr");
    desk.goto(&headquarters.at("/admin/users"));
    log_in(&desk, "Çağla", "yanlış-parola");
    desk.shows("main", "yanlış");
    log_in(&desk, "Çağla", &once);
    choose_password(&desk, &once);
    assert_eq!(
        desk.run("return document.querySelector('#pages a[href^=\"/admin\"]')"),
        serde_json::Value::Null
    );
    desk.goto(&headquarters.at("/admin/users"));
    desk.shows("main", "Bu sayfa sizin değil");

    let phone = Browser::open("tr");
    phone.goto(&headquarters.at("/login"));
    log_in(&phone, "Çağla", PASSWORD);
    phone.shows("main", "Genel bakış");
    look(&desk, "password", || {
        desk.goto(&headquarters.at("/password"));
        desk.shows("own-sessions", "bu oturum");
    });
    assert_eq!(desk.run("return document.querySelectorAll('#own-sessions tbody tr').length"), 2);
    press(&desk, "log-out-everywhere", "main", "Giriş");
    phone.goto(&headquarters.at("/employees"));
    phone.shows("main", "Kullanıcı adı");

    // Whoever stands before the phone guesses.
    for _ in 0..6 {
        phone.goto(&headquarters.at("/login"));
        log_in(&phone, "Çağla", "tahmin");
        until("it is told", || phone.run("return !!document.querySelector('[role=alert]')") == true);
    }
    assert!(phone.text("main").contains("Çok fazla başarısız deneme"));
    look(&patron, "users-one", || {
        patron.goto(&headquarters.at("/admin/users"));
        patron.shows("users", "kilitli");
        patron
            .run("[...document.querySelectorAll('#users a')].find((a) => a.textContent === 'Çağla').click()");
        patron.shows("locks", "127.0.0.1");
    });
    press(&patron, "unlock", "done", "Kilit kaldırıldı");
    choose(&patron, "role", "viewer");
    press(&patron, "save", "done", "Rol ve bölge kaydedildi");
    patron.shows("facts", "İzleyici");
    press(&patron, "disable", "done", "Hesap kapatıldı");
    patron.shows("facts", "kapalı");
    assert_eq!(patron.complaints(), [""; 0]);
}
