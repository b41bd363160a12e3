//! Who watches: the overview keeps up with what comes in, and the activity is filtered and taken out.

use std::io::Cursor;

use calamine::{Reader as _, Xlsx};

use crate::{Headquarters, until};

const SIDEWAYS: &str = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";

/// A picture on a phone and at a desk, by day and by night.
fn pictures(
    headquarters: &Headquarters,
    browser: &crate::browser::Browser,
    (path, ready): (&str, &str),
    name: &str,
) {
    for (width, height, colours) in [(390, 844, "light"), (1280, 900, "light"), (1280, 900, "dark")] {
        browser.screen(width, height, colours);
        browser.goto(&headquarters.at(path));
        browser.shows("live", "Canlı");
        browser.shows("main", ready);
        assert_eq!(browser.run(SIDEWAYS), 0, "{path} at {width}");
        browser.picture(&format!("hub-{name}-{width}-{colours}"));
    }
}

#[test]
fn what_an_office_enters_changes_the_overview_and_its_drawing_by_itself() {
    let headquarters = Headquarters::new();
    let browser = headquarters.log_in("patron", &["admin"]);
    pictures(&headquarters, &browser, ("/dashboard", "Günlük kayıtlar"), "overview");
    let today = "return document.querySelector('#entries-chart rect.now title').textContent";
    let figure = "return document.getElementById('today').textContent";
    let (drawn, counted) = (browser.run(today), browser.run(figure));
    browser.run("window.same = true; document.getElementById('entries-table').open = true");
    headquarters.enter("insert into employees (full_name, region) values ('Anında Görünen', 'Ankara')");
    browser.shows("recent-rows", "Anında Görünen");
    until("the drawing changes", || browser.run(today) != drawn && browser.run(figure) != counted);
    assert_eq!(browser.run("return window.same"), true, "the page was not loaded again");
    assert_eq!(
        browser.run("return document.getElementById('entries-table').open"),
        true,
        "what is open stays open"
    );
    // A file of another region waits: no row changes, and it is seen all the same.
    let other = headquarters.hub.add_site("Ankara 2", "Izmir");
    headquarters.hub.upload(&other, "", &headquarters.file);
    until("what waits is counted", || {
        browser.run("return document.getElementById('held').textContent") == "1"
    });
    let waits = "return document.querySelector('#pages a[href=\"/held\"] .waits')?.textContent";
    until("in the navigation, too", || browser.run(waits) == "1");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn somebody_filters_the_activity_checks_its_chain_and_takes_it_out() {
    let headquarters = Headquarters::new();
    let browser = headquarters.log_in("patron", &["admin"]);
    browser.goto(&headquarters.at("/activity"));
    browser.shows("rows", "Dosya gönderdi");
    browser.click("check");
    browser.shows("chain-said", "Sağlam");
    pictures(&headquarters, &browser, ("/activity", "Dosya gönderdi"), "activity");
    browser.run("const kind = document.getElementById('kind'); kind.value = 'sync'; kind.dispatchEvent(new Event('change', { bubbles: true }))");
    until("filtered", || browser.run("return location.search") == "?kind=sync");
    let kinds = "return [...new Set([...document.querySelectorAll('#rows tbody th')].map((kind) => kind.textContent))].join()";
    until("only syncs", || browser.run(kinds) == "Dosya gönderdi");
    // Another office sends something: it appears among them.
    let lines = "return document.querySelectorAll('#rows tbody tr').length";
    assert_eq!(browser.run(lines), 2);
    headquarters.enter("insert into employees (full_name, region) values ('Yeni Kişi', 'Ankara')");
    until("a third one", || browser.run(lines) == 3);
    let take = |format: &str| {
        let script = format!(
            "const link = document.querySelector('#files a[href*=\"format={format}\"]');
             window.taken = null; fetch(link.href).then((file) => file.arrayBuffer()).then((file) => {{ window.taken = [...new Uint8Array(file)] }})"
        );
        browser.run(&script);
        until(format, || browser.run("return window.taken !== null") == true);
        let bytes = browser.run("return window.taken");
        bytes
            .as_array()
            .unwrap()
            .iter()
            .map(|byte| u8::try_from(byte.as_u64().unwrap()).unwrap())
            .collect::<Vec<u8>>()
    };
    let csv = String::from_utf8(take("csv")).unwrap();
    assert!(
        csv.starts_with("\u{feff}Zaman;Tür;Kim;Bölge;Ayrıntı;İşlem") && csv.lines().count() == 4,
        "{csv}"
    );
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(take("xlsx"))).unwrap();
    assert_eq!(book.worksheet_range_at(0).unwrap().unwrap().rows().count(), 4);
    assert_eq!(browser.complaints(), [""; 0]);
}
