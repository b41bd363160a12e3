//! The page of the activity: who sees which lines, what they are filtered by, what a file of them has, whether the chain holds.

use std::io::Cursor;

use calamine::{Reader as _, Xlsx};
use reqwest::{StatusCode, header};
use store::Role;

use crate::{
    files::text_of_workbook,
    pages::{get, read, somebody},
    world::{World, cookie, hub, office_file},
};

const PASSWORD: &str = "uzun-bir-parola";

/// Two regions in which something happened, half an hour apart, and what happened at headquarters.
async fn two_regions() -> World {
    let world = hub().await;
    for (region, seed) in [("Ankara", 1), ("Bursa", 2)] {
        world.person(&format!("kisi-{region}"), Role::Office, region, PASSWORD).await;
        let token = world.token(&format!("{region} PC"), region).await;
        let sent = world.upload(&token, "", office_file(region, seed)).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::OK);
        let name = format!("kisi-{region}");
        assert_eq!(world.log_in(&name, "yanlış").await.status(), StatusCode::UNAUTHORIZED);
        let own = cookie(&world.log_in(&name, PASSWORD).await);
        assert_eq!(get(&world, "/employees/export", &own).await.status(), StatusCode::OK);
        let out = world.post("/logout").header(header::COOKIE, &own).send().await.unwrap();
        assert_eq!(out.status(), StatusCode::SEE_OTHER);
    }
    world.log_in("gizli-parola-yanlışlıkla", "x").await;
    world
}

/// Cells of the table, line by line.
fn lines(page: &str) -> Vec<Vec<String>> {
    let body =
        page.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).unwrap_or_default();
    let inner = |cell: &str| {
        let text = cell.split_once('>').unwrap_or_default().1;
        let text = text.split("</td>").next().unwrap().split("</th>").next().unwrap();
        let end = text.rfind("</").unwrap_or(text.len());
        text[..end].rsplit('>').next().unwrap().to_owned()
    };
    let rows = body.split("<tr>").skip(1);
    rows.map(|row| row.split("data-label=").skip(1).map(inner).collect()).collect()
}

/// The kinds of the lines of a page.
fn kinds(page: &str) -> Vec<String> {
    lines(page).into_iter().map(|cells| cells[1].clone()).collect()
}

#[tokio::test]
async fn each_kind_of_line_is_told_in_both_languages_and_found_by_kind_person_region_and_day() {
    let world = two_regions().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let page = async |asked: &str| read(get(&world, &format!("/activity{asked}"), &admin).await).await;
    let all = page("?lang=tr").await;
    for said in [
        "Giriş yaptı",
        "Çıkış yaptı",
        "Giriş başarısız",
        "Dosya gönderdi",
        "Dosyaya aktardı",
        "Bilgisayar ekledi",
        "bilinmeyen ad",
        "Ankara PC",
        "Çalışanlar: ",
        " yeni",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
    let english = page("?lang=en").await;
    for said in
        ["Logged in", "Logged out", "Log-in failed", "Sent a file", "Exported a file", "Added a PC", " new"]
    {
        assert!(english.contains(said), "{said}: {english}");
    }
    for raw in ["log_in<", "log_out<", "upload<", "export<", "site_add<", "gizli-parola"] {
        assert!(!all.contains(raw) && !english.contains(raw), "{raw}");
    }
    let failed = kinds(&page("?kind=failed&lang=tr").await);
    assert_eq!(failed, ["Giriş başarısız"; 3]);
    assert_eq!(kinds(&page("?kind=log-out").await), ["Çıkış yaptı"; 2]);
    assert_eq!(kinds(&page("?kind=sync&region=Bursa").await), ["Dosya gönderdi"]);
    assert_eq!(kinds(&page("?kind=upload&who=Ankara+PC").await), ["Dosya gönderdi"]);
    let own = kinds(&page("?who=kisi-Bursa").await);
    assert_eq!(own, ["Çıkış yaptı", "Dosyaya aktardı", "Giriş yaptı", "Giriş başarısız"]);
    assert!(page("?kind=log-in&who=kisi-Bursa&from=2026-01-20").await.contains("id=\"nothing\""));
    assert_eq!(
        kinds(&page("?who=kisi-Bursa&from=2026-01-19&to=2026-01-19").await).len(),
        4,
        "both days count"
    );
    assert!(page("?to=2026-01-18").await.contains("id=\"nothing\""));
    for wrong in ["?from=dün", "?to=2026-02-30", "?from=2026-02-02&to=2026-02-01"] {
        assert!(page(wrong).await.contains("id=\"problem\""), "{wrong}");
    }
    for odd in
        ["?before=x", "?before=-1", "?after=99999999999999999999", "?kind='%20or%201=1", "?before=0&after=0"]
    {
        assert_eq!(get(&world, &format!("/activity{odd}"), &admin).await.status(), StatusCode::OK, "{odd}");
    }
}

#[tokio::test]
async fn a_region_s_people_see_their_own_lines_and_those_of_an_office_none() {
    let world = two_regions().await;
    // What somebody of Ankara took out themselves says what they asked for.
    let is_told = |text: &str| text.lines().any(|line| line.contains("Bursa") && !line.contains("Etkinlik:"));
    for role in [Role::Admin, Role::Manager] {
        let own = somebody(&world, role, "Ankara").await;
        let dashboard = read(get(&world, "/dashboard", &own).await).await;
        let newest = dashboard.split("id=\"activity\"").nth(1).unwrap();
        assert!(newest.contains("Ankara") && !is_told(newest), "{newest}");
        for asked in ["", "?region=Bursa", "?region=*", "?who=Bursa+PC", "?who=kisi-Bursa", "?kind=sync"] {
            let page = read(get(&world, &format!("/activity{asked}"), &own).await).await;
            let told = lines(&page).concat().join("\n");
            assert!(!is_told(&told), "{role:?} {asked}: {told}");
            assert!(!page.contains("<option value=\"Bursa"), "nor are they offered: {page}");
            let file = read(get(&world, &format!("/activity/export{asked}"), &own).await).await;
            let rows = file.lines().filter(|line| line.contains("Bursa"));
            // What was just asked for is a line, too.
            assert!(rows.clone().all(|line| line.contains(";export")), "{role:?} {asked}: {file}");
        }
        let page = read(get(&world, "/activity", &own).await).await;
        assert!(page.contains("Ankara PC") && page.contains("kisi-Ankara"), "{page}");
        assert!(!page.contains("bilinmeyen ad") && !page.contains("id=\"check\""), "{page}");
        let check = world.post("/activity/check").header(header::COOKIE, &own).send().await.unwrap();
        assert_eq!(check.status(), StatusCode::FORBIDDEN);
    }
    for (role, region) in [(Role::Office, "Ankara"), (Role::Viewer, "*")] {
        let own = somebody(&world, role, region).await;
        for path in ["/activity", "/activity/export", "/activity/export?format=xlsx"] {
            let answer = get(&world, path, &own).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
            let page = read(answer).await;
            assert!(!page.contains("PC") && !page.contains("href=\"/activity\""), "{path}: {page}");
        }
    }
}

#[tokio::test]
async fn pages_are_turned_both_ways_and_a_file_has_all_lines() {
    let world = hub().await;
    for at in 0..120 {
        world.store.note("=kisi", "log_in", &format!("no-{at:03}")).await.unwrap();
    }
    let admin = somebody(&world, Role::Manager, "*").await;
    let href = |page: &str, id: &str| {
        let (_, rest) = page.split_once(&format!("<a id=\"{id}\" href=\""))?;
        Some(rest.split_once('"')?.0.replace("&#38;", "&"))
    };
    let page = async |path: &str| read(get(&world, path, &admin).await).await;
    let first = page("/activity?who=%3Dkisi").await;
    assert_eq!((lines(&first).len(), lines(&first)[0].last().unwrap().as_str()), (50, "no-119"));
    let second = page(&href(&first, "older").unwrap()).await;
    let third = page(&href(&second, "older").unwrap()).await;
    assert_eq!((lines(&third).len(), href(&third, "older")), (20, None));
    let back = page(&href(&third, "newer").unwrap()).await;
    assert_eq!(lines(&back), lines(&second));
    assert_eq!(lines(&page(&href(&third, "newest").unwrap()).await), lines(&first));

    let answer = get(&world, "/activity/export?who=%3Dkisi&before=5", &admin).await;
    assert_eq!(
        answer.headers()[header::CONTENT_DISPOSITION],
        "attachment; filename=\"etkinlik-2026-01-19.csv\""
    );
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.starts_with(b"\xEF\xBB\xBF"), "Excel knows it for UTF-8");
    let mut csv = csv::ReaderBuilder::new().delimiter(b';').from_reader(&bytes[3..]);
    assert_eq!(csv.headers().unwrap(), vec!["Zaman", "Tür", "Kim", "Bölge", "Ayrıntı", "İşlem"]);
    let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 120);
    assert!(&rows[0][4] == "no-119" && &rows[0][5] == "log_in", "{:?}", rows[0]);
    let bytes = get(&world, "/activity/export?format=xlsx&who=%3Dkisi", &admin).await.bytes().await.unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&bytes[..])).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    assert_eq!(sheet.rows().count(), 121);
    assert!(
        text_of_workbook(&bytes).contains("=kisi") && book.worksheet_formula("Etkinlik").unwrap().is_empty()
    );
    let told = world.store.audit(3).await.unwrap();
    assert!(
        told.iter().any(|line| line.action == "export" && line.what == "activity (120)?who=%3Dkisi"),
        "{told:?}"
    );
}

#[tokio::test]
async fn the_page_says_whether_the_chain_holds() {
    let world = two_regions().await;
    let admin = somebody(&world, Role::Admin, "*").await;
    let page = async || read(get(&world, "/activity?lang=en", &admin).await).await;
    assert!(page().await.contains("Not checked yet."));
    let check = async || {
        let answer = world.post("/activity/check").header(header::COOKIE, &admin).send().await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()[header::LOCATION]),
            (StatusCode::SEE_OTHER, &"/activity".parse().unwrap())
        );
    };
    check().await;
    let whole = page().await;
    assert!(whole.contains("Whole: ") && whole.contains("<code>") && !whole.contains("BROKEN"), "{whole}");
    world.run_sql("update denk_audit set what = 'somebody' where action = 'site_add'");
    check().await;
    let broken = page().await;
    assert!(broken.contains("BROKEN: line ") && !broken.contains("<code>"), "{broken}");
    let elsewhere =
        world.post("/activity/check").header(header::COOKIE, &admin).header("Origin", "https://evil.example");
    assert_eq!(elsewhere.send().await.unwrap().status(), StatusCode::FORBIDDEN);
}
