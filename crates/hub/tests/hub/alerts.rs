//! The page of what should be looked at: what is found, who sees and marks it, and what is text there.

use std::sync::atomic::Ordering;

use jiff::civil::date;
use merge::Region;
use reqwest::{StatusCode, header};
use store::{Finding, FindingsAsked, Kind, Role, Severity, Viewer};

use crate::{
    pages::{full_office_file, get, read, somebody},
    people::scripts_of_others,
    world::{SHARED_KEY, START_MS, World, changed, hub},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const EMPTY: &str =
    "delete from timesheets; delete from vehicle_inspection_results; delete from vehicle_inspections;
     delete from vehicle_service_visits; delete from vehicle_faults; delete from vehicles; delete from drivers;
     delete from stock_inventory; delete from employees;";
/// One of each; today is 2026-01-19.
const ROWS: &str =
    "insert into employees (id, full_name, identity_no, region) values (1, 'Ayşe Örnek', '', 'R'),
       (2, 'ayse  ornek', '', 'R'), (3, 'Ali Deneme', '10000000146', 'R'), (4, 'A. Deneme', '100 000 001 46', 'R');
     insert into timesheets (id, employee_id, work_date, start_time, end_time, break_minutes, is_special, region) values
       (1, 1, '2026-01-02', '99:25', '17:30', 60, 0, 'R'), (2, 1, '2026-01-04', '09:00', '09:00', 60, 0, 'R'),
       (3, 3, '2026-01-02', '08:00', '21:30', 60, 0, 'R'), (4, 3, '2026-01-04', '22:00', '02:00', 60, 1, 'R'),
       (11, 4, '2026-01-05', '09:00', '17:00', 60, 0, 'R'), (12, 4, '2026-01-06', '09:00', '17:00', 60, 0, 'R'),
       (13, 4, '2026-01-07', '09:00', '17:00', 60, 0, 'R'), (14, 4, '2026-01-08', '09:00', '17:00', 60, 0, 'R'),
       (15, 4, '2026-01-09', '09:00', '17:00', 60, 0, 'R'), (16, 4, '2026-01-10', '09:00', '17:00', 60, 0, 'R'),
       (17, 3, '2026-01-12', '09:00', '10:00', 120, 0, 'R');
     insert into vehicles (id, plate, km, oil_change_km, oil_interval_km, inspection_date, insurance_date, maintenance_date, region) values
       (1, '00 R 001', 65000, 50000, 14000, '2026-01-10', '2026-01-21', '2026-02-10', 'R'),
       (2, '00 R 002', 40000, 50000, 14000, '2026-31-12', '2027-01-21', '', 'R'),
       (3, '00 R 003', 63000, 50000, 0, '2027-01-01', '2027-01-21', '', 'R');
     insert into drivers (id, full_name, license_expiry, region) values (1, 'Deniz Sürücü', '2026-01-19', 'R');
     insert into vehicle_faults (id, vehicle_id, title, opened_date, status, region) values
       (1, 1, 'Fren', '2026-01-02', 'Kapandi', 'R'), (2, 1, 'fren ', '2026-01-12', 'Acik', 'R');
     insert into vehicle_inspections (id, vehicle_id, driver_id, inspection_date, week_start, km, region) values
       (1, 1, 1, '2026-01-05', '2026-01-05', 64000, 'R'), (2, 1, 1, '2026-01-12', '2026-01-12', 6500, 'R');
     insert into vehicle_inspection_results (id, inspection_id, item_key, status) values
       (1, 1, 'lights', 'Olumsuz'), (2, 2, 'lights', 'Olumsuz'), (3, 1, 'glass', 'Olumsuz'), (4, 2, 'glass', 'Olumlu'),
       (5, 1, 'body_dent', 'Olumlu'), (6, 2, 'body_dent', 'Olumsuz');";

fn file(region: &str, rows: &str) -> Vec<u8> {
    changed(&full_office_file(region, 1), &format!("{EMPTY}{}", rows.replace("'R'", &format!("'{region}'"))))
}

async fn send(world: &World, token: &str, file: Vec<u8>) {
    assert_eq!(world.upload(token, "", file).send().await.unwrap().status(), StatusCode::OK);
}

/// A hub with an office in which one of each is to be looked at; with its token.
async fn one_of_each(region: &str) -> (World, String) {
    let world = hub().await;
    let token = world.token(&format!("{region} PC"), region).await;
    send(&world, &token, file(region, &ROWS.replace("00 R", &format!("00 {region}")))).await;
    (world, token)
}

async fn found_by(world: &World, region: &str, asked: FindingsAsked) -> Vec<Finding> {
    let viewer = Viewer::new(Role::Admin, Region::new(region));
    world.store.every_finding(&viewer, date(2026, 1, 19), &asked).await.unwrap()
}

async fn found(world: &World) -> Vec<(Kind, Severity)> {
    let all = found_by(world, "*", FindingsAsked::default()).await;
    let mut all: Vec<_> = all.iter().map(|one| (one.kind, one.severity)).collect();
    all.sort_unstable();
    all
}

async fn post(world: &World, path: &str, cookie: &str, form: &[(&str, &str)]) -> StatusCode {
    world.post(path).header(header::COOKIE, cookie).form(form).send().await.unwrap().status()
}

#[tokio::test]
async fn each_kind_is_found_once_with_its_severity() {
    let (world, _) = one_of_each("Ankara").await;
    let mut wanted = vec![
        (Kind::ImpossibleTime, Severity::Serious),
        (Kind::ImpossibleTime, Severity::Serious),
        (Kind::ImpossibleDate, Severity::Serious),
        (Kind::SamePerson, Severity::Warning),
        (Kind::SamePerson, Severity::Warning),
        (Kind::NoDayOff, Severity::Warning),
        (Kind::LongShift, Severity::Warning),
        (Kind::PastMidnight, Severity::Info),
        (Kind::SpecialDay, Severity::Info),
        (Kind::Deadline, Severity::Serious),
        (Kind::Deadline, Severity::Warning),
        (Kind::Deadline, Severity::Warning),
        (Kind::Deadline, Severity::Info),
        (Kind::Oil, Severity::Serious),
        (Kind::Oil, Severity::Info),
        (Kind::Odometer, Severity::Warning),
        (Kind::RepeatedFault, Severity::Warning),
        (Kind::RepeatedProblem, Severity::Warning),
        (Kind::OpenFault, Severity::Info),
        (Kind::NothingWorked, Severity::Serious),
        (Kind::NewProblem, Severity::Warning),
        (Kind::CheckKm, Severity::Serious),
        (Kind::DriverCheck, Severity::Info),
        (Kind::MostFaults, Severity::Info),
    ];
    wanted.sort_unstable();
    assert_eq!(found(&world).await, wanted);
}

#[tokio::test]
async fn the_page_says_each_in_words_and_leads_to_its_row() {
    let (world, _) = one_of_each("Ankara").await;
    let cookie = somebody(&world, Role::Viewer, "*").await;
    let page = read(get(&world, "/alerts?lang=tr", &cookie).await).await;
    for said in [
        "1–24 / 24",
        "Giriş: saat 99 olamaz",
        "Mola dahil 13,50 saat",
        "Gece yarısından sonra 2,00 saat",
        "Aynı ad: ",
        "Aynı kimlik numarası: ",
        "05.01.2026 – 10.01.2026: 6 gün üst üste",
        "Muayene: 10.01.2026, 9 gün gecikti",
        "Sigorta: 21.01.2026, 2 gün kaldı",
        "Ehliyet bitişi: bugün son gün",
        "Yağ değişimi geldi, 1.000 km geçti",
        "Yağ değişimine 1.000 km kaldı",
        "Muayene: 2026-31-12",
        "Son iki kontrolde de olumsuz: Far/stop/sinyal<",
        "son 30 günde 2 kez",
        "1,00 saatin tamamı mola",
        "Son kontrolde olumsuz, öncekinde değildi: Gövde ezik/çizik<",
        "Km 6.500, önceki kontroldekinden (64.000) az",
        "Son kontrolünde 2 olumsuz madde",
        "2 arıza: şubesinin",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("10000000146"), "numbers are not told");
    for href in page.split("<th scope=\"row\"").skip(1).map(|row| row.split("href=\"").nth(1).unwrap()) {
        let href = href.split('"').next().unwrap();
        assert_eq!(get(&world, href, &cookie).await.status(), StatusCode::OK, "{href}");
    }
    let english = read(get(&world, "/alerts?lang=en&severity=serious", &cookie).await).await;
    assert!(
        english.contains("Inspection: 10.01.2026, 9 days overdue") && english.contains("1–7 of 7"),
        "{english}"
    );
    for (asked, count) in [
        ("kind=deadline", "1–4 / 4"),
        ("kind=deadline&severity=warning", "1–2 / 2"),
        ("region=Ankara", "1–24 / 24"),
        ("region=Bursa", ">0<"),
        ("state=accepted", ">0<"),
        ("kind=nonsense&severity=nonsense&page=99", "1–24 / 24"),
    ] {
        let page = read(get(&world, &format!("/alerts?lang=tr&{asked}"), &cookie).await).await;
        assert!(page.contains(count), "{asked}: {page}");
    }
}

#[tokio::test]
async fn a_file_of_alerts_has_all_that_is_filtered() {
    let (world, _) = one_of_each("Ankara").await;
    let cookie = somebody(&world, Role::Viewer, "Ankara").await;
    for format in ["csv", "xlsx"] {
        let asked = format!("/alerts/export?lang=tr&format={format}&severity=serious");
        let file = read(get(&world, &asked, &cookie).await).await;
        assert_eq!(file.trim().lines().count(), 8, "{file}");
        assert!(file.contains("Yağ değişimi geldi, 1.000 km geçti") && file.contains("Önem"), "{file}");
    }
    let noted = world.store.audit(5).await.unwrap();
    assert!(
        noted.iter().any(|line| line.action == "export" && line.what.contains("alerts (7)")),
        "{noted:?}"
    );
}

#[tokio::test]
async fn what_is_seen_and_marked_is_decided_by_role_and_region() {
    let (world, _) = one_of_each("Ankara").await;
    let token = world.token("Bursa PC", "Bursa").await;
    let bursa = ROWS.replace("00 R", "00 Bursa").replace("Ayşe", "Gizlibursa");
    send(&world, &token, file("Bursa", &bursa)).await;
    let keys: Vec<String> =
        found_by(&world, "Bursa", FindingsAsked::default()).await.into_iter().map(|one| one.key).collect();
    let own = &found_by(&world, "Ankara", FindingsAsked::default()).await[0].key;
    let before = found(&world).await;
    for role in [Role::Admin, Role::Manager, Role::Office, Role::Viewer] {
        let cookie = somebody(&world, role, "Ankara").await;
        for path in ["/alerts", "/alerts?region=Bursa", "/alerts?region=*", "/alerts/export?region=Bursa"] {
            let page = read(get(&world, path, &cookie).await).await;
            assert!(!page.contains("Gizlibursa") && !page.contains("00 Bursa"), "{role:?} {path}: {page}");
        }
        for key in &keys {
            for form in [
                vec![("id", key.as_str()), ("mark", "accepted")],
                vec![("id", key.as_str()), ("mark", "reopen")],
                vec![("id", own), ("id", key.as_str()), ("mark", "accepted")],
            ] {
                assert_eq!(post(&world, "/alerts", &cookie, &form).await, StatusCode::NOT_FOUND);
            }
        }
        if matches!(role, Role::Office | Role::Viewer) {
            let page = read(get(&world, "/alerts", &cookie).await).await;
            assert!(!page.contains("checkbox"), "{page}");
            let form = [("id", own.as_str()), ("mark", "accepted")];
            assert_eq!(post(&world, "/alerts", &cookie, &form).await, StatusCode::FORBIDDEN);
        }
        for odd in [
            vec![],
            vec![("mark", "accepted")],
            vec![("id", own.as_str())],
            vec![("id", own.as_str()), ("mark", "x")],
            vec![("id", "x' or 1=1"), ("mark", "accepted")],
        ] {
            assert_eq!(post(&world, "/alerts", &cookie, &odd).await, StatusCode::NOT_FOUND, "{odd:?}");
        }
    }
    assert_eq!(found(&world).await, before, "nothing was marked");
}

#[tokio::test]
async fn what_was_marked_as_seen_comes_back_when_its_row_says_something_else() {
    let (world, token) = one_of_each("Ankara").await;
    let cookie = somebody(&world, Role::Manager, "Ankara").await;
    let asked = FindingsAsked { kind: Some(Kind::ImpossibleTime), ..FindingsAsked::default() };
    let keys: Vec<String> =
        found_by(&world, "*", asked.clone()).await.into_iter().map(|one| one.key).collect();
    let form =
        [("id", keys[0].as_str()), ("id", &keys[1]), ("note", "<b>şubeye soruldu</b>"), ("mark", "accepted")];
    assert_eq!(post(&world, "/alerts?kind=impossible_time", &cookie, &form).await, StatusCode::SEE_OTHER);
    assert_eq!(found_by(&world, "*", asked.clone()).await, []);
    let page = read(get(&world, "/alerts?state=accepted&lang=tr", &cookie).await).await;
    assert!(page.contains("1–2 / 2") && page.contains("Manager-Ankara, 19.01.2026"), "{page}");
    assert!(page.contains("şubeye soruldu") && !page.contains("<b>şubeye"), "{page}");
    let noted = world.store.audit(5).await.unwrap();
    let noted = noted.iter().find(|line| line.action == "finding_accept").unwrap();
    assert_eq!(
        (noted.who.as_str(), noted.what.as_str()),
        ("Manager-Ankara", "impossible_time (2): <b>şubeye soruldu</b>")
    );
    // Another impossible time is another finding.
    send(&world, &token, file("Ankara", &ROWS.replace("00 R", "00 Ankara").replace("99:25", "98:25"))).await;
    let again = found_by(&world, "*", asked.clone()).await;
    assert_eq!(again.len(), 1, "{again:?}");
    assert!(!keys.contains(&again[0].key));
    // The one that stayed is shown again by who takes it back.
    let accepted = FindingsAsked { accepted: true, ..asked.clone() };
    let stays = found_by(&world, "*", accepted).await[0].key.clone();
    let form = [("id", stays.as_str()), ("mark", "reopen")];
    assert_eq!(post(&world, "/alerts?state=accepted", &cookie, &form).await, StatusCode::SEE_OTHER);
    assert_eq!(found_by(&world, "*", asked).await.len(), 2);
}

#[tokio::test]
async fn time_alone_makes_papers_run_out_and_pcs_silent() {
    let (world, _) = one_of_each("Ankara").await;
    world.token("Hiç PC", "Ankara").await;
    assert_eq!(
        world.upload(SHARED_KEY, "Bursa", file("Bursa", "")).send().await.unwrap().status(),
        StatusCode::OK
    );
    let of = |page: String, what: &str| page.matches(what).count();
    let see = async |days: i64| {
        world.clock.store(START_MS + days * DAY_MS + 60_000, Ordering::Relaxed);
        let cookie = somebody_again(&world).await;
        read(get(&world, "/alerts?lang=tr", &cookie).await).await
    };
    world.person("patron", Role::Admin, "*", "uzun-bir-parola").await;
    let page = see(0).await;
    assert_eq!(of(page, "Susan bilgisayar"), 0);
    let page = see(2).await;
    assert!(
        page.contains("Sigorta: bugün son gün") && page.contains("Ehliyet bitişi: 19.01.2026, 2 gün gecikti"),
        "{page}"
    );
    assert!(page.contains("19.01.2026 09:0") && page.contains("tarihinden beri haber yok"), "{page}");
    assert!(page.contains("Hiç bağlanmadı") && page.contains("Bursa (ortak anahtar)"), "{page}");
    let silent = async |severity| {
        let asked =
            FindingsAsked { kind: Some(Kind::Silent), severity: Some(severity), ..FindingsAsked::default() };
        found_by(&world, "*", asked).await.len()
    };
    assert_eq!((silent(Severity::Warning).await, silent(Severity::Serious).await), (3, 0));
    see(4).await;
    assert_eq!((silent(Severity::Warning).await, silent(Severity::Serious).await), (0, 3));
    world.store.revoke_site("Hiç PC").await.unwrap();
    assert_eq!(silent(Severity::Serious).await, 2, "who is revoked may be silent");
}

async fn somebody_again(world: &World) -> String {
    crate::world::cookie(&world.log_in("patron", "uzun-bir-parola").await)
}

#[tokio::test]
async fn what_pcs_send_and_what_waits_is_told() {
    let (world, token) = one_of_each("Ankara").await;
    // Rows of another region are not taken; a file that deletes much is held.
    let foreign = ROWS.replace("00 R", "00 Ankara")
        + "insert into employees (id, full_name, region) values (90, 'Yabancı', 'Bursa');";
    send(&world, &token, file("Ankara", &foreign)).await;
    let asked = |kind| FindingsAsked { kind: Some(kind), ..FindingsAsked::default() };
    let refused = found_by(&world, "Ankara", asked(Kind::Refused)).await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(found_by(&world, "Bursa", asked(Kind::Refused)).await, []);
    world.store.warn("backup_full", "/yedek").await.unwrap();
    assert_eq!(found_by(&world, "Ankara", asked(Kind::Backup)).await, [], "the hub's own is headquarters'");
    assert_eq!(found_by(&world, "*", asked(Kind::Backup)).await.len(), 1);
    let cookie = somebody(&world, Role::Admin, "*").await;
    let page = read(get(&world, "/alerts?lang=tr", &cookie).await).await;
    assert!(page.contains("/yedek · yedek alınamadı: diskte yer yok"), "{page}");
    assert!(page.contains("1 satır · Çalışanlar 90 · bu bilgisayarın bölgesinden değil"), "{page}");
    // In the navigation of every page it says how much there is.
    let page = read(get(&world, "/dashboard", &cookie).await).await;
    let count = page.split("href=\"/alerts\"").nth(1).unwrap().split("</a>").next().unwrap();
    assert!(count.contains("<span class=\"waits\">19</span>"), "{count}");
}

#[tokio::test]
async fn names_are_text_among_alerts() {
    let world = hub().await;
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\" x=\"";
    let token = world.token("Ankara PC", "Ankara").await;
    let rows = ROWS
        .replace("Ali Deneme", evil)
        .replace("Fren", evil)
        .replace("00 R 001", evil)
        .replace("99:25", evil);
    send(&world, &token, file("Ankara", &rows)).await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    for evil in [
        "/alerts",
        "/alerts?kind=%22%3E%3Cscript%3E&region=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&done=%3Cb%3E",
    ] {
        let page = read(get(&world, evil, &cookie).await).await;
        assert!(!scripts_of_others(&page) && !page.contains("<img src=x") && !page.contains("<b>"), "{page}");
    }
}
