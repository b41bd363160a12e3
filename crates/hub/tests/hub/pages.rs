//! The pages of people who are logged in: who sees what, whatever they ask for, and what a browser gets of it.

use futures_util::StreamExt as _;
use merge::Region;
use reqwest::{Response, StatusCode, header};
use store::{Asked, ListPage, Role, Viewer};
use testkit::office::{self, Office, Shape, Size};

use crate::{
    files::text_of_workbook,
    people::scripts_of_others,
    world::{World, changed, cookie, hub, office_file},
};

const PASSWORD: &str = "uzun-bir-parola";
const REGIONS: [&str; 3] = ["Ankara", "Bursa", "Izmir"];
const ROLES: [Role; 4] = [Role::Admin, Role::Manager, Role::Office, Role::Viewer];
/// No page is larger. **Units**: bytes.
const PAGE_BYTES_MAX: usize = 300_000;

/// What stands in every row of a region and nowhere else; nobody asks for it.
pub fn secret(region: &str) -> String {
    format!("gizli{}", region.to_lowercase())
}

/// What stands beside it, and is asked for.
fn sought(region: &str) -> String {
    format!("isaret{}", region.to_lowercase())
}

/// A hub on which each region has rows in every list, each with the region's secret.
pub async fn three_regions() -> World {
    let world = hub().await;
    for (region, seed) in REGIONS.into_iter().zip(1..) {
        let text = format!("{} {}", secret(region), sought(region));
        let file = changed(
            &full_office_file(region, seed),
            &format!(
                "update employees set full_name = '{text} ' || id, department = '{text}', title = '{text}';
                 update timesheets set notes = '{text}';
                 update vehicles set plate = '{text} ' || id, brand = '{text}', notes = '{text}';
                 update drivers set full_name = '{text} ' || id, notes = '{text}';
                 update vehicle_faults set title = '{text}', description = '{text}';
                 update vehicle_service_visits set reason = '{text}', notes = '{text}';
                 update vehicle_inspections set notes = '{text}';
                 update stock_inventory set seri_no = '{text} ' || id, stok_adi = '{text}', girdi_yapan = '{text}'"
            ),
        );
        let token = world.token(&format!("{region} PC"), region).await;
        assert_eq!(world.upload(&token, "", file).send().await.unwrap().status(), StatusCode::OK);
    }
    world
}

/// An office's file in which every list has rows.
pub fn full_office_file(region: &str, seed: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("puantaj.db");
    let size = Size { vehicles: 3, faults: 4, inspections: 5, service_visits: 4, ..Size::small() };
    office::generate(&path, &Office { shape: Shape::Live, size, region, seed }).unwrap();
    std::fs::read(path).unwrap()
}

/// Somebody's cookie.
pub async fn somebody(world: &World, role: Role, region: &str) -> String {
    let name = format!("{role:?}-{region}");
    world.person(&name, role, region, PASSWORD).await;
    cookie(&world.log_in(&name, PASSWORD).await)
}

pub async fn get(world: &World, path: &str, cookie: &str) -> Response {
    world.get(path).header(header::COOKIE, cookie).send().await.unwrap()
}

/// What a page or a file says; of a stream its beginning.
pub async fn read(answer: Response) -> String {
    let is_stream = answer.headers()[header::CONTENT_TYPE] == "text/event-stream";
    if is_stream {
        let first = answer.bytes_stream().next().await.unwrap().unwrap();
        return String::from_utf8_lossy(&first).into_owned();
    }
    let bytes = answer.bytes().await.unwrap();
    if bytes.starts_with(b"PK") {
        return text_of_workbook(&bytes);
    }
    String::from_utf8(bytes.into()).unwrap()
}

/// Lists whose rows are regions'; templates of shifts are everybody's.
pub fn of_regions(world: &World) -> impl Iterator<Item = &ListPage> {
    world.store.pages().lists().iter().filter(|list| list.name != "shift_templates")
}

/// The identity of one row of each list of a region.
pub async fn rows_of(world: &World, region: &str) -> Vec<String> {
    let viewer = Viewer::new(Role::Admin, Region::new(region));
    let mut gids = Vec::new();
    for list in of_regions(world) {
        let at = world.store.pages().at(&list.path).unwrap();
        let listed =
            world.store.list(&viewer, at, &Asked { rows: 1, ..Asked::default() }).await.unwrap().unwrap();
        gids.push(listed.lines[0].gid.clone());
    }
    gids
}

fn is_of_administration(path: &str) -> bool {
    path.starts_with("/admin/")
}

/// Whether a page of the administration is for people of this role and of one region.
fn administers(role: Role, path: &str) -> bool {
    role == Role::Admin && ["/admin/sites", "/admin/users"].iter().any(|page| path.starts_with(page))
}

/// Every way to ask a path for the rows of a region.
fn ways(path: &str, region: &str, gids: &[String]) -> Vec<String> {
    if path.contains("{gid}") {
        let to = |gid: &String| format!("{}?region={region}&of={gid}", path.replace("{gid}", gid));
        return gids.iter().map(to).collect();
    }
    if let Some(held) = path.strip_suffix("/{id}") {
        let number = (1 + REGIONS.iter().position(|one| *one == region).unwrap()).to_string();
        // Of batches see `undo`: their numbers are not those of regions.
        let number = Some(number.as_str()).filter(|_| held != "/history");
        let ids = number.into_iter().chain(gids.iter().map(String::as_str));
        return ids.map(|id| format!("{held}/{id}?decide=let&region={region}")).collect();
    }
    if path == "/undo/{rev}/{gid}" {
        let revs = (1..=3).flat_map(|rev| gids.iter().map(move |gid| format!("/undo/{rev}/{gid}?over=1")));
        return revs.collect();
    }
    if let Some(of_batch) = path.strip_suffix("/{id}/undo") {
        return gids.iter().map(|id| format!("{of_batch}/{id}/undo?over=1&region={region}")).collect();
    }
    let sought = sought(region);
    let mut ways = vec![
        path.to_owned(),
        format!("{path}?region={region}"),
        format!("{path}?region={region}&region=*"),
        format!("{path}?region=*&q={sought}"),
        format!("{path}?q={sought}"),
        format!("{path}?sort=region&page=2"),
        format!("{path}?sort=-region&region=%25"),
        format!("{path}?state=open&month=2026-01&region={region}&q={sought}&sort=-title&page=1"),
    ];
    ways.extend(gids.iter().map(|gid| format!("{path}?of={gid}")));
    if path.ends_with("/export") {
        let fields =
            ["region=*".to_owned(), format!("region={region}&q={sought}"), format!("of={}", gids[0])];
        ways.extend(fields.iter().map(|field| format!("{path}?format=xlsx&{field}")));
    }
    if path.starts_with("/reports") {
        ways.push(format!("{path}?employee={}&region={region}&from=2000-01-01&to=2100-01-01", gids[0]));
    }
    ways
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_for_by_whom_nobody_sees_a_row_of_another_region() {
    let world = three_regions().await;
    let paths = hub::people_paths(world.store.pages());
    let needed = [
        "/employees/{gid}",
        "/timesheets/export",
        "/reports",
        "/reports/timesheets",
        "/conflicts",
        "/held",
        "/admin/sites",
        "/employees/{gid}/data",
        "/drivers/{gid}/forget",
        "/activity/export",
        "/alerts",
        "/alerts/export",
    ];
    assert!(paths.len() >= 34 && needed.iter().all(|path| paths.iter().any(|own| own == path)), "{paths:?}");
    let mut gids = Vec::new();
    for region in REGIONS {
        gids.push((region, rows_of(&world, region).await));
    }
    for role in ROLES {
        for own in REGIONS {
            let cookie = somebody(&world, role, own).await;
            for path in &paths {
                for (region, gids) in gids.iter().filter(|(region, _)| *region != own) {
                    for asked in ways(path, region, gids) {
                        let answer = get(&world, &asked, &cookie).await;
                        let status = answer.status();
                        let is_others = (is_of_administration(path) && !administers(role, path))
                            || (path.starts_with("/activity")
                                && !matches!(role, Role::Admin | Role::Manager));
                        let wanted = if is_others { StatusCode::FORBIDDEN } else { StatusCode::OK };
                        assert!(status == wanted || status == StatusCode::NOT_FOUND, "{asked}: {status}");
                        let page = read(answer).await;
                        assert!(!page.contains(&secret(region)), "{role:?} of {own} by {asked}: {page}");
                        let names_a_row = path.contains('{')
                            || path == "/admin/users/one"
                            || (path == "/reports/timesheets" && asked.contains("employee="));
                        let missing = names_a_row && !is_others;
                        assert_eq!(status == StatusCode::NOT_FOUND, missing, "{asked}");
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_sees_the_rows_by_the_same_ways() {
    let world = three_regions().await;
    for (role, of) in
        [(Role::Viewer, "Bursa"), (Role::Office, "Bursa"), (Role::Viewer, "*"), (Role::Admin, "*")]
    {
        let cookie = somebody(&world, role, of).await;
        for list in of_regions(&world) {
            for asked in
                ["", "?region=Bursa", &format!("?q={}", sought("Bursa")), "?sort=-region&q=isaretbursa"]
            {
                let page = read(get(&world, &format!("/{}{asked}", list.path), &cookie).await).await;
                assert!(page.contains(&secret("Bursa")), "{role:?} of {of}: {} {asked}: {page}", list.path);
            }
            for format in ["csv", "xlsx"] {
                let asked = format!("/{}/export?format={format}&q={}", list.path, sought("Bursa"));
                let file = read(get(&world, &asked, &cookie).await).await;
                assert!(file.contains(&secret("Bursa")), "{role:?} of {of}: {asked}: {file}");
            }
        }
        for (list, gid) in of_regions(&world).zip(rows_of(&world, "Bursa").await) {
            let answer = get(&world, &format!("/{}/{gid}", list.path), &cookie).await;
            assert_eq!(answer.status(), StatusCode::OK, "{}", list.path);
            assert!(read(answer).await.contains(&secret("Bursa")), "{}", list.path);
        }
    }
}

#[tokio::test]
async fn what_is_everybody_s_is_seen_by_everybody_and_what_has_no_list_stands_where_it_hangs() {
    let world = hub().await;
    let file = full_office_file("Ankara", 1);
    let own = changed(
        &file,
        "insert into shift_templates (name, start_time, end_time) values ('Ortak gece', '22:00', '06:00')",
    );
    let token = world.token("Ankara PC", "Ankara").await;
    assert_eq!(world.upload(&token, "", own).send().await.unwrap().status(), StatusCode::OK);
    let cookie = somebody(&world, Role::Viewer, "Bursa").await;
    let page = read(get(&world, "/shift-templates?lang=tr", &cookie).await).await;
    assert!(
        page.contains(">Ortak gece</a>") && page.contains("aria-current=\"page\">Vardiya şablonları"),
        "{page}"
    );
    let gid = &rows_of(&world, "Ankara").await[6];
    let others = get(&world, &format!("/inspections/{gid}"), &cookie).await;
    assert_eq!(others.status(), StatusCode::NOT_FOUND, "others' checks");
    let cookie = somebody(&world, Role::Viewer, "Ankara").await;
    let page = read(get(&world, &format!("/inspections/{gid}?lang=tr"), &cookie).await).await;
    let items =
        page.split_once("id=\"of-inspection-results\"").unwrap().1.split_once("</section>").unwrap().0;
    assert!(items.contains("Kontrol maddeleri") && items.contains("Lastik durumu"), "{items}");
    assert!(!items.contains("href="), "they have no page of their own: {items}");
    for path in ["/inspection-results", "/inspection-results/export"] {
        assert_eq!(get(&world, path, &cookie).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn who_is_not_logged_in_is_led_to_the_log_in() {
    let world = hub().await;
    world.person("new", Role::Admin, "*", PASSWORD).await;
    for path in hub::people_paths(world.store.pages()) {
        let asked = path.replace("{gid}", "018f0000-0000-7000-8000-000000000000").replace("{id}", "1");
        for cookie in ["", "denk_session=forged"] {
            let answer = get(&world, &asked, cookie).await;
            assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{asked}");
            assert_eq!(answer.headers()[header::LOCATION], "/login", "{asked}");
        }
    }
    // A key opens the dashboard only.
    for path in ["/employees", "/live"] {
        let answer = world.get(path).header("X-API-KEY", crate::world::SHARED_KEY).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
    }
}

#[tokio::test]
async fn what_is_typed_into_addresses_and_fields_is_text() {
    let world = three_regions().await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    // Whoever logs in makes known how much there is to look at, a moment later.
    world.store.review(jiff::civil::date(2026, 1, 19)).await.unwrap();
    let before = read(get(&world, "/employees", &cookie).await).await;
    let evil = [
        "' or '1'='1",
        "'; drop table employees; --",
        "\" onmouseover=\"alert(1)",
        "<script>alert(1)</script>",
        "\u{0}\u{1}\n\r",
        "%",
        "_",
        "\\",
        "{{7*7}}",
        "../../../etc/passwd",
        "gid; select 1",
        "-",
        "-1",
        "99999999999999999999999",
        "İşığÜ",
        &"x".repeat(8000),
    ];
    for list in world.store.pages().lists() {
        for field in ["q", "region", "month", "state", "of", "sort", "page", "lang", "nothing"] {
            for text in evil {
                let mut url = reqwest::Url::parse(&world.base).unwrap().join(&list.path).unwrap();
                url.query_pairs_mut().append_pair(field, text);
                let asked = world.client.get(url).header(header::COOKIE, &cookie);
                let answer = asked.send().await.unwrap();
                assert_eq!(answer.status(), StatusCode::OK, "{} {field} {text:?}", list.path);
                let page = answer.text().await.unwrap();
                assert!(
                    !scripts_of_others(&page) && !page.contains("\" onmouseover=\"alert"),
                    "{field}: {page}"
                );
                assert!(page.len() < PAGE_BYTES_MAX);
            }
        }
        for text in evil.iter().filter(|text| !text.contains(['.', '\\', '\u{0}'])) {
            let mut url = reqwest::Url::parse(&world.base).unwrap();
            url.path_segments_mut().unwrap().push(&list.path).push(text);
            let answer = world.client.get(url).header(header::COOKIE, &cookie).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{} {text:?}", list.path);
            assert!(!scripts_of_others(&answer.text().await.unwrap()));
        }
        let broken = format!("/{}?q=%FF%FE&page=%&=&&&q", list.path);
        assert_eq!(get(&world, &broken, &cookie).await.status(), StatusCode::OK);
    }
    assert_eq!(read(get(&world, "/employees", &cookie).await).await, before);
}

#[tokio::test]
async fn names_are_text_on_lists_and_on_the_pages_of_rows_and_in_histories() {
    let world = hub().await;
    let evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\" x=\"";
    let file = changed(
        &full_office_file("Ankara", 1),
        &format!(
            "update employees set full_name = '{evil}' || id, title = '{evil}'; update timesheets set notes = '{evil}';
             update vehicles set plate = '{evil}' || id, notes = '{evil}'; update vehicle_faults set title = '{evil}', status = '{evil}';
             update stock_inventory set durum = '{evil}', stok_adi = '{evil}', tarih = '{evil}'"
        ),
    );
    let token = world.token("Ankara PC", "Ankara").await;
    assert_eq!(world.upload(&token, "", file).send().await.unwrap().status(), StatusCode::OK);
    let cookie = somebody(&world, Role::Admin, "*").await;
    let gids = rows_of(&world, "Ankara").await;
    let lists = world.store.pages().lists().iter().map(|list| list.path.clone());
    let pages: Vec<_> =
        lists.zip(gids).flat_map(|(path, gid)| [format!("/{path}"), format!("/{path}/{gid}")]).collect();
    for path in pages {
        let page = read(get(&world, &path, &cookie).await).await;
        assert!(!scripts_of_others(&page) && !page.contains("<img"), "{path}: {page}");
        let inline = [" style=", " onclick=", " onerror=alert(1)>", "javascript:"];
        assert!(inline.iter().all(|text| !page.contains(text)), "{path}: {page}");
        assert!(page.len() < PAGE_BYTES_MAX, "{path}: {} bytes", page.len());
    }
    let page = read(get(&world, "/employees", &cookie).await).await;
    assert!(page.contains("&#60;script&#62;alert(1)"), "{page}");
}

#[tokio::test]
async fn personal_numbers_are_whole_only_for_who_manages() {
    let world = hub().await;
    let file = changed(
        &full_office_file("Ankara", 1),
        "update employees set identity_no = '10000000' || (100 + id); update drivers set phone = '05000000' || (100 + id)",
    );
    let token = world.token("Ankara PC", "Ankara").await;
    // What is sent last stands among the recent entries.
    let again = changed(&file, "update drivers set phone = '05000000' || (200 + id)");
    assert_eq!(world.upload(&token, "", file).send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(world.upload(&token, "", again).send().await.unwrap().status(), StatusCode::OK);
    let gids = rows_of(&world, "Ankara").await;
    let lists = world.store.pages().lists();
    let (people, drivers) = (gids[0].clone(), gids[3].clone());
    assert_eq!((lists[0].path.as_str(), lists[3].path.as_str()), ("employees", "drivers"));
    for role in ROLES {
        let cookie = somebody(&world, role, "Ankara").await;
        for (path, number) in [
            ("/employees".to_owned(), "10000000"),
            ("/employees?q=10000000&sort=identity_no".to_owned(), "10000000"),
            (format!("/employees/{people}"), "10000000"),
            ("/drivers".to_owned(), "05000000"),
            (format!("/drivers/{drivers}"), "05000000"),
            ("/dashboard".to_owned(), "05000000"),
            ("/employees/export".to_owned(), "10000000"),
            ("/employees/export?format=xlsx&sort=identity_no".to_owned(), "10000000"),
            ("/drivers/export?format=xlsx".to_owned(), "05000000"),
            ("/drivers/export".to_owned(), "05000000"),
        ] {
            let page = read(get(&world, &path, &cookie).await).await;
            // What somebody types stands in the field.
            let page = page.replace("value=\"10000000\"", "");
            let sees = matches!(role, Role::Admin | Role::Manager);
            let shown = [1, 2].iter().any(|next| page.contains(&format!("{number}{next}")));
            assert_eq!(shown, sees, "{role:?} {path}: {page}");
        }
    }
}

#[tokio::test]
async fn the_language_that_was_chosen_stays() {
    let world = hub().await;
    let session = somebody(&world, Role::Admin, "*").await;
    let turkish = get(&world, "/employees?q=ali&page=2", &session).await;
    assert!(!turkish.headers().contains_key(header::SET_COOKIE), "nothing was chosen");
    let turkish = turkish.text().await.unwrap();
    assert!(turkish.contains("lang=\"tr\"") && turkish.contains("Çalışanlar"));
    assert!(turkish.contains("href=\"/employees?q=ali&#38;page=2&#38;lang=en\""), "the same page: {turkish}");
    let chosen = get(&world, "/employees?lang=en", &session).await;
    let set = chosen.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(set.starts_with("denk_lang=en;") && set.contains("SameSite=Lax"), "{set}");
    let both = format!("{session}; {}", cookie(&chosen));
    for path in ["/employees", "/dashboard", "/login", "/password"] {
        assert!(read(get(&world, path, &both).await).await.contains("<html lang=\"en\""), "{path}");
    }
    let bad = get(&world, "/employees?lang=xx", &both).await;
    assert!(
        !bad.headers().contains_key(header::SET_COOKIE) && bad.text().await.unwrap().contains("lang=\"en\"")
    );
}

#[tokio::test]
async fn files_of_pages_may_be_kept_for_good_and_pages_may_not() {
    let world = hub().await;
    let page = world.get("/login").send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let page = page.text().await.unwrap();
    let style = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let file = world.get(style).send().await.unwrap();
    assert_eq!(file.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(file.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert_eq!(file.headers()["x-content-type-options"], "nosniff");
    let other = world.get("/assets/hub-0000000000000000.css").send().await.unwrap();
    assert_eq!(
        (other.status(), &other.headers()[header::CACHE_CONTROL]),
        (StatusCode::NOT_FOUND, &header::HeaderValue::from_static("no-store"))
    );
}

#[tokio::test]
async fn an_open_page_is_told_of_its_own_region_s_changes_until_its_reader_logs_out() {
    let world = hub().await;
    let cookie = somebody(&world, Role::Office, "Ankara").await;
    let answer = get(&world, "/live", &cookie).await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = answer.bytes_stream();
    let mut told = async || {
        loop {
            let Some(Ok(bytes)) = stream.next().await else { return None };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some(rev) = text.strip_prefix("data: ") {
                return Some(rev.trim().parse::<i64>().unwrap());
            }
        }
    };
    let first = told().await.unwrap();
    let (ankara, bursa) = (world.token("a", "Ankara").await, world.token("b", "Bursa").await);
    let send = async |token: &str, file: Vec<u8>| {
        assert_eq!(world.upload(token, "", file).send().await.unwrap().status(), StatusCode::OK);
        world.store.status().await.unwrap().rev
    };
    // Without the tables that all regions share.
    let others = changed(&office_file("Bursa", 2), "delete from shift_templates");
    let of_others = send(&bursa, others).await;
    let own = send(&ankara, changed(&office_file("Ankara", 1), "delete from shift_templates")).await;
    let second = told().await.unwrap();
    assert!(first <= of_others && second > of_others && second <= own, "{first} {of_others} {second} {own}");
    world.post("/logout").header(header::COOKIE, &cookie).send().await.unwrap();
    send(
        &ankara,
        changed(
            &office_file("Ankara", 1),
            "delete from shift_templates; update employees set title = 'Yeni' where id = 1",
        ),
    )
    .await;
    assert_eq!(told().await, None, "whoever logged out is told nothing");
}

#[tokio::test]
async fn a_list_is_filtered_ordered_and_paged_by_its_address_alone() {
    let world = hub().await;
    let token = world.token("Ankara PC", "Ankara").await;
    assert_eq!(
        world.upload(&token, "", full_office_file("Ankara", 1)).send().await.unwrap().status(),
        StatusCode::OK
    );
    let cookie = somebody(&world, Role::Admin, "*").await;
    let first = read(get(&world, "/timesheets?lang=en", &cookie).await).await;
    assert!(
        first.contains("1–50 of 76") && first.contains("id=\"next\" href=\"/timesheets?page=2\""),
        "{first}"
    );
    let second = read(get(&world, "/timesheets?page=2", &cookie).await).await;
    assert!(
        second.contains("51–76 / 76") && second.matches("<tr><th scope=\"row\"").count() == 26,
        "{second}"
    );
    let by_name = read(get(&world, "/timesheets?sort=employee_id", &cookie).await).await;
    assert!(
        by_name.contains("aria-sort=\"ascending\"><a href=\"/timesheets?sort=-employee_id\">"),
        "{by_name}"
    );
    let none = read(get(&world, "/timesheets?q=hiçkimse", &cookie).await).await;
    assert!(
        none.contains("id=\"nothing\"")
            && none.contains("value=\"hiçkimse\"")
            && none.contains("id=\"clear\"")
    );
    assert!(!first.contains("action=\"/timesheets?"), "a form's own fields are its address");
}
