//! The overview: what stands on it for whom, and what makes it new.

use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use replica::wire::Hello;
use reqwest::{StatusCode, header};
use store::{Edges, Role, Viewer};

use crate::{
    pages::{full_office_file, get, read, somebody},
    world::{START_MS, World, changed, hub, hub_of, office_file},
};
use merge::Region;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Ankara has entered something, Bursa more.
async fn two_regions() -> (World, [String; 2]) {
    let world = hub().await;
    let mut tokens = Vec::new();
    for (region, seed) in [("Ankara", 1), ("Bursa", 2)] {
        let token = world.token(&format!("{region} PC"), region).await;
        let sent = world.upload(&token, "", office_file(region, seed)).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::OK);
        tokens.push(token);
    }
    (world, tokens.try_into().unwrap())
}

fn figure<'a>(page: &'a str, id: &str) -> &'a str {
    let rest = page.split(&format!("<dd id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("{id}: {page}"));
    let text = rest.split("</dd>").next().unwrap().trim_end_matches("</a>");
    text.rsplit('>').next().unwrap()
}

/// A section of the page.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    page.split(&format!("id=\"{id}\"")).nth(1).unwrap_or_default().split("</section>").next().unwrap()
}

#[tokio::test]
async fn figures_charts_and_rows_are_those_of_what_the_reader_sees() {
    let (world, [ankara, _]) = two_regions().await;
    let own = somebody(&world, Role::Viewer, "Ankara").await;
    let all = somebody(&world, Role::Viewer, "*").await;
    let page = async |cookie: &str| read(get(&world, "/dashboard?lang=en", cookie).await).await;
    let today =
        async |cookie: &str| figure(&page(cookie).await, "today").replace(',', "").parse::<u64>().unwrap();
    let (of_ankara, of_both) = (today(&own).await, today(&all).await);
    assert!(0 < of_ankara && of_ankara < of_both, "{of_ankara} {of_both}");
    let trend = async |region: &str| {
        let edges = Edges {
            entries: &[START_MS - DAY_MS, START_MS + DAY_MS],
            syncs: &[START_MS - DAY_MS, START_MS + DAY_MS],
        };
        world.store.trend(&Viewer::new(Role::Viewer, Region::new(region)), edges).await.unwrap()
    };
    assert_eq!(
        trend("Ankara").await.entries.into_iter().collect::<Vec<_>>(),
        [("Ankara".to_owned(), vec![of_ankara])]
    );
    assert_eq!(
        (trend("Ankara").await.syncs, trend("*").await.syncs, trend("Izmir").await.syncs),
        (vec![1], vec![2], vec![0])
    );
    let shown = page(&own).await;
    assert!(
        shown.contains("Entries a day, last 30 days") && shown.matches("<rect ").count() == 30 + 24,
        "{shown}"
    );
    assert!(shown.contains("<title>19.01.: ") && shown.contains("aria-label=\"Ankara: "), "{shown}");
    assert!(!shown.contains("Bursa") && page(&all).await.contains("aria-label=\"Bursa: "));
    let longer = read(get(&world, "/dashboard?hours=48", &own).await).await;
    assert_eq!(longer.matches("<rect ").count(), 30 + 48);

    // Three people more; nothing is counted twice.
    let file = changed(
        &office_file("Ankara", 1),
        "insert into employees (full_name, region) values ('Bir Kişi', 'Ankara'), ('İki Kişi', 'Ankara'), ('Üç Kişi', 'Ankara')",
    );
    assert_eq!(world.upload(&ankara, "", file).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!((today(&own).await, today(&all).await), (of_ankara + 3, of_both + 3));
    let employees = |page: &str| {
        let row = page.split("<td>Ankara</td><td class=\"number\">").nth(1).unwrap();
        row.split('<').next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(
        employees(&page(&own).await),
        world.store.status().await.unwrap().regions["Ankara"].tables["employees"]
    );
}

#[tokio::test]
async fn who_missed_a_whole_working_day_is_late_and_who_was_heard_of_is_not() {
    let (world, _) = two_regions().await;
    world.token("Hiç PC", "Izmir").await;
    // A session does not last for days.
    let page = async |role: Role| {
        let cookie = somebody(&world, role, "*").await;
        read(get(&world, "/dashboard?lang=en", &cookie).await).await
    };
    let fresh = page(Role::Viewer).await;
    assert_eq!((figure(&fresh, "late"), figure(&fresh, "on-line")), ("0 / 3", "2 / 3"));
    assert!(!section(&fresh, "regions").contains("tag late"), "{fresh}");
    // START is a Monday: on Tuesday nobody is late yet.
    world.clock.store(START_MS + DAY_MS, Ordering::Relaxed);
    let tuesday = page(Role::Admin).await;
    assert_eq!((figure(&tuesday, "late"), figure(&tuesday, "on-line")), ("0 / 3", "0 / 3"));
    world.clock.store(START_MS + 2 * DAY_MS, Ordering::Relaxed);
    let device = world.store.device_of_token(&world.token("Agent PC", "Bursa").await).await.unwrap().unwrap();
    let hello = Hello {
        version: "9.8.7".into(),
        clock_ms: START_MS + 2 * DAY_MS + 7 * 60_000,
        waiting: 1234,
        ..Hello::default()
    };
    world.store.hello(&device, hello).await.unwrap();
    let wednesday = page(Role::Manager).await;
    assert_eq!((figure(&wednesday, "late"), figure(&wednesday, "on-line")), ("3 / 4", "1 / 4"));
    let regions = section(&wednesday, "regions");
    assert_eq!(regions.matches("tag late").count(), 3, "{regions}");
    assert!(regions.contains(">1 / 2<") && regions.contains("<td>Izmir</td>"), "{regions}");
    let sites = section(&wednesday, "sites");
    let agent = sites.split("<td>Agent PC</td>").nth(1).unwrap();
    for said in ["<span class=\"on\">on line</span>", "1,234", "+7 min", "class=\"care\"", "9.8.7"] {
        assert!(agent.contains(said), "{said}: {agent}");
    }
    assert!(
        wednesday.contains("A whole working day") || wednesday.contains("a whole working day"),
        "the rule stands there"
    );
}

/// How many alerts the navigation tells of.
fn in_navigation(page: &str) -> String {
    let link = page.split("href=\"/alerts\"").nth(1).and_then(|rest| rest.split("</a>").next()).unwrap();
    let count = link.split("class=\"waits\">").nth(1).and_then(|rest| rest.split('<').next());
    count.unwrap_or("0").to_owned()
}

#[tokio::test]
async fn what_the_hub_says_of_itself_is_said_by_the_hub_to_who_sees_everything() {
    let (world, _) = two_regions().await;
    world.store.warn("backup_full", "/yedekler").await.unwrap();
    let all = somebody(&world, Role::Viewer, "*").await;
    let page = read(get(&world, "/dashboard?lang=en", &all).await).await;
    let alerts = section(&page, "alerts");
    assert!(
        alerts.contains("<td>Headquarters</td>") && alerts.contains("no backup: the disk is full"),
        "{alerts}"
    );
    assert_eq!(figure(&page, "alerts-count").replace(',', ""), in_navigation(&page), "one number of alerts");
    let own = somebody(&world, Role::Admin, "Ankara").await;
    let page = read(get(&world, "/dashboard?lang=en", &own).await).await;
    assert!(!page.contains("yedekler"), "{page}");
    assert_eq!(figure(&page, "alerts-count").replace(',', ""), in_navigation(&page));
}

#[tokio::test]
async fn the_overview_lists_what_it_counts() {
    let world = hub().await;
    let token = world.token("Ankara PC", "Ankara").await;
    let file = changed(
        &office_file("Ankara", 1),
        "delete from timesheets where id not in (select min(id) from timesheets);
         update timesheets set start_time = '99:25';
         insert into vehicles (plate, km, inspection_date, region) values ('06 QWX 001', 5, '2026-01-10', 'Ankara')",
    );
    assert_eq!(world.upload(&token, "", file).send().await.unwrap().status(), StatusCode::OK);
    let own = somebody(&world, Role::Manager, "Ankara").await;
    let page = async || read(get(&world, "/dashboard?lang=en", &own).await).await;
    let shown = page().await;
    let alerts = section(&shown, "alerts");
    let lines = alerts.matches("<tr><td>").count();
    assert_eq!(figure(&shown, "alerts-count"), lines.min(10).to_string(), "{alerts}");
    assert!(alerts.contains("there is no hour 99") && alerts.contains("06 QWX 001"), "{alerts}");
    assert!(alerts.contains("href=\"/timesheets/") && alerts.contains("href=\"/vehicles/"), "{alerts}");
    assert!(!alerts.contains("severity info"), "it counts what has to be looked at: {alerts}");
    // A PC that has not been heard of for days.
    world.clock.store(START_MS + 4 * DAY_MS, Ordering::Relaxed);
    let own = somebody(&world, Role::Admin, "Ankara").await;
    let later = read(get(&world, "/dashboard?lang=en", &own).await).await;
    assert!(section(&later, "alerts").contains("Ankara PC"), "{later}");
    let bursa = somebody(&world, Role::Manager, "Bursa").await;
    let others = read(get(&world, "/dashboard?lang=en", &bursa).await).await;
    assert!(!others.contains("id=\"alerts\"") && !others.contains("06 QWX"), "{others}");
}

#[tokio::test]
async fn a_page_hears_of_what_changes_no_row_as_a_batch_that_waits() {
    let (world, _) = two_regions().await;
    let token = world.token("Bursa 2", "Bursa").await;
    let (of_bursa, of_ankara) =
        (somebody(&world, Role::Viewer, "Bursa").await, somebody(&world, Role::Viewer, "Ankara").await);
    let listen = async |cookie: &str| {
        let answer = world.get("/live").header(header::COOKIE, cookie).send().await.unwrap();
        let mut heard = Heard { stream: Box::pin(answer.bytes_stream()), said: String::new() };
        assert!(heard.next().await.starts_with("data: "));
        let first = heard.next().await;
        (heard, number(&first))
    };
    let (mut bursa_hears, before) = listen(&of_bursa).await;
    let (mut ankara_hears, ankara_before) = listen(&of_ankara).await;
    let page = read(get(&world, "/held", &of_bursa).await).await;
    let shown: i64 = page.split("data-noted=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    assert_eq!(shown, before, "the page is as new as what is heard");
    // Another region's file waits as a whole.
    let file = office_file("Izmir", 3);
    let rev = world.store.health().await.unwrap().rev;
    world.upload(&token, "", file).send().await.unwrap();
    assert_eq!(world.store.health().await.unwrap().rev, rev, "no row changed");
    assert_eq!(world.store.held().await.unwrap().len(), 1);
    let told = bursa_hears.next().await;
    assert!(told.contains("event: noted") && number(&told) > before, "{told}");
    world.store.note("Viewer-Ankara", "log_out", "").await.unwrap();
    let told = ankara_hears.next().await;
    let last = world.store.audit(1).await.unwrap()[0].id;
    assert!(ankara_before < last && number(&told) == last, "only of what concerns it: {told}");
}

struct Heard {
    stream: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<axum::body::Bytes>>>>,
    said: String,
}

impl Heard {
    /// The next event.
    async fn next(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.said.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.said = rest;
                if event.contains("data: ") {
                    return event;
                }
                continue;
            }
            let more = self.stream.next().await.unwrap().unwrap();
            self.said.push_str(&String::from_utf8_lossy(&more));
        }
    }
}

fn number(event: &str) -> i64 {
    event.split("data: ").nth(1).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn what_a_region_is_told_by_is_said_by_the_preset() {
    const PAGES: &str = include_str!("../../../../presets/rainstaff/pages.toml");
    let heads = |page: &str| {
        let head = section(page, "regions").split("</thead>").next().unwrap().to_owned();
        ["Employees", "Timesheets", "Vehicles"].map(|name| head.contains(&format!(">{name}<")))
    };
    let page = async |world: &World| {
        let cookie = somebody(world, Role::Viewer, "*").await;
        read(get(world, "/dashboard?lang=en", &cookie).await).await
    };
    assert_eq!(heads(&page(&hub().await).await), [true, true, false]);
    let others = PAGES
        .replace("counted = true\n", "")
        .replace("path = \"vehicles\"\n", "path = \"vehicles\"\ncounted = true\n");
    let world = hub_of(others.leak()).await;
    let token = world.token("Ankara PC", "Ankara").await;
    let sent = world.upload(&token, "", full_office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let (page, vehicles) = (page(&world).await, world.rows("vehicles").await);
    assert_eq!(heads(&page), [false, false, true]);
    let row = section(&page, "regions").split("<tr><td>Ankara</td>").nth(1).unwrap();
    assert!(vehicles > 0 && row.starts_with(&format!("<td class=\"number\">{vehicles}</td>")), "{row}");
}
