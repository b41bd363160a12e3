//! Changes are undone in a real browser, and a conflict takes a value that somebody types.

use rusqlite::Connection;

use super::{Browser, Headquarters, until};

const SCREENS: [(u32, u32, &str); 3] = [(390, 780, "light"), (1280, 900, "light"), (1280, 900, "dark")];

/// The page as it is on a phone and at a desk; nothing of it is wider than the screen.
fn pictures(browser: &Browser, name: &str) {
    for (width, height, colours) in SCREENS {
        browser.screen(width, height, colours);
        let sideways =
            browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(sideways, 0, "{name} at {width}");
        browser.picture(&format!("hub-{name}-{width}-{colours}"));
    }
}

fn agree(browser: &Browser, why: &str) {
    browser.type_into("why", why);
    browser.click("undo");
    browser.shows("said", "Geri alındı");
}

#[test]
fn somebody_undoes_a_change_and_a_whole_file_and_brings_a_deleted_row_back() {
    let headquarters = Headquarters::new();
    // Deletions count in files only that came from the hub.
    assert_eq!(headquarters.hub.download(&headquarters.token, "", &headquarters.file), 200);
    let first = "id = (select min(id) from employees)";
    headquarters.enter(&format!("update employees set title = 'Yanlışbaşı' where {first}"));
    headquarters.enter(&format!("update employees set department = 'Deneme Deposu' where {first}"));
    let browser = headquarters.log_in("ankara", &["manager", "--region", "Ankara"]);
    browser.goto(&headquarters.at("/history"));
    browser.shows("batches", "Ankara PC");
    pictures(&browser, "history-list");
    // The file before the last one: what came later stays.
    browser.run("document.querySelectorAll('#batches tbody th a')[1].click()");
    browser.shows("lines", "Yanlışbaşı");
    pictures(&browser, "history-batch");
    browser.run("document.querySelector('#lines a.undo').click()");
    browser.shows("would", "1 kayıt değişecek");
    pictures(&browser, "undo-change");
    agree(&browser, "yanlış kişi");
    browser.shows("nothing", "Geri alınacak bir şey yok");
    browser.run("history.go(-3)");
    until("the list", || browser.run("return location.pathname") == "/history");

    // A whole file, in which one row was changed again since.
    headquarters.enter("update drivers set notes = 'toplu'; delete from employees where id = (select max(id) from employees)");
    headquarters.enter("update drivers set notes = 'sonra' where id = (select min(id) from drivers)");
    browser.goto(&headquarters.at("/history"));
    browser.run("document.querySelectorAll('#batches tbody th a')[1].click()");
    browser.shows("lines", "toplu");
    browser.run("document.getElementById('undo-batch').click()");
    browser.shows("kept", "sonra");
    pictures(&browser, "undo-batch");
    browser.run("document.getElementById('other').click()");
    browser.shows("over-on", "Dikkat");
    pictures(&browser, "undo-batch-over");
    browser.run("document.getElementById('other').click()");
    until("without it", || browser.run("return !document.getElementById('over-on')") == true);
    agree(&browser, "toplu hata");
    pictures(&browser, "undo-batch-done");

    // A deleted row is found, and has its page.
    headquarters.enter("delete from vehicle_faults where id = (select min(id) from vehicle_faults)");
    browser.goto(&headquarters.at("/history/deleted"));
    browser.shows("deleted", "Arızalar");
    pictures(&browser, "history-deleted");
    browser.run("document.querySelector('#deleted tbody th a').click()");
    browser.shows("gone", "Bu kayıt silindi");
    pictures(&browser, "deleted-row");
    browser.run("document.querySelector('#history a.undo').click()");
    browser.shows("would", "geri gelir");
    agree(&browser, "gerekliymiş");
    browser.run("document.querySelector('#history a')?.click()");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn somebody_types_a_third_value_for_a_conflict() {
    let headquarters = Headquarters::new();
    let hub = &headquarters.hub;
    let (other, second) = (hub.add_site("Ankara 2", "Ankara"), hub.folder.path().join("second.db"));
    assert_eq!(hub.download(&other, "", &second), 200);
    let plate = "(select min(plate) from vehicles)";
    let date = |date: &str| format!("update vehicles set inspection_date = '{date}' where plate = {plate}");
    headquarters.enter(&date("2026-05-01"));
    Connection::open(&second).unwrap().execute_batch(&date("2026-06-01")).unwrap();
    assert_eq!(hub.upload(&other, "", &second).0, 200);
    let browser = headquarters.log_in("ankara", &["manager", "--region", "Ankara"]);
    browser.goto(&headquarters.at("/conflicts"));
    browser.shows("open-rows", "Başka bir değer yaz");
    browser.run("document.querySelector('#open-rows a.typed').click()");
    browser.shows("sides", "01.05.2026");
    browser.run("document.getElementById('value').value = ''");
    browser.type_into("value", "31.02.2026");
    pictures(&browser, "conflict-typed");
    browser.click("take");
    browser.shows("unfit", "Bu bir tarih değil");
    pictures(&browser, "conflict-unfit");
    browser.run("document.getElementById('value').value = ''");
    browser.type_into("value", "15.5.2026");
    browser.click("take");
    browser.shows("decided-rows", "15.05.2026");
    pictures(&browser, "conflict-decided");
    // The refused form answers with an error, which the browser's console repeats.
    let complaints: Vec<_> = browser.complaints().into_iter().filter(|said| !said.contains("422")).collect();
    assert_eq!(complaints, [""; 0]);
    assert_eq!(hub.download(&other, "", &second), 200);
    let told: String = Connection::open(&second)
        .unwrap()
        .query_row("select inspection_date from vehicles order by plate limit 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(told, "2026-05-15", "it reaches the offices");
}
