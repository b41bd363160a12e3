//! Files that people take out of lists, and hours on pages and in them: read back by other libraries than those that made them.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx};
use hub::{Letterhead, Logo};
use office::hours::{Entry, Hours, Schedule, Shift};
use reqwest::{Response, StatusCode, header};
use store::{Asked, Role, Viewer};

use crate::{
    pages::{full_office_file, get, read, somebody},
    world::{World, changed, hub, hub_with},
};

/// All that stands in a workbook's cells.
pub fn text_of_workbook(bytes: &[u8]) -> String {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    names.iter().flat_map(|name| rows_of(&mut book, name)).map(|row| row.join(";") + "\n").collect()
}

/// Cells as texts, numbers with a point.
fn sheet(bytes: &[u8], name: &str) -> Vec<Vec<String>> {
    rows_of(&mut Xlsx::new(Cursor::new(bytes)).unwrap(), name)
}

fn rows_of(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Vec<Vec<String>> {
    let shown = |cell: &Data| match cell {
        Data::DateTime(at) => at.as_f64().to_string(),
        cell => cell.to_string(),
    };
    let range = book.worksheet_range(name).unwrap();
    range.rows().map(|row| row.iter().map(shown).collect()).collect()
}

/// Cells of a CSV file, the heads first.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').expect("Excel reads UTF-8 by its mark only");
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// What each row of the office below is to come to.
const DAYS: [Entry<'static>; 3] = [
    // A Saturday, the last day of its month.
    Entry { date: "2026-01-31", start: "22:00", end: "06:30", break_minutes: "30", is_special: false },
    Entry { date: "2026-02-28", start: "18:00", end: "02:15", break_minutes: "0", is_special: true },
    Entry { date: "2026-02-27", start: "08:00", end: "19:10", break_minutes: "60", is_special: false },
];

/// A hub with four timesheets of one person, the last of which cannot be calculated.
async fn four_days() -> World {
    let world = hub().await;
    send(&world, "Ankara", &sql_of_days()).await;
    world
}

fn sql_of_days() -> String {
    let mut sql = "delete from timesheets where id not in (select id from timesheets order by id limit 4);
                   update timesheets set employee_id = (select min(id) from employees), notes = '';
                   update employees set full_name = 'Örnek Çalışan' where id = (select min(id) from employees);"
        .to_owned();
    let bad =
        Entry { date: "2026-02-26", start: "99:25", end: "18:00", break_minutes: "0", is_special: false };
    for (at, day) in (0..).zip(DAYS.into_iter().chain([bad])) {
        let Entry { date, start, end, break_minutes, is_special } = day;
        sql += &format!(
            "update timesheets set work_date = '{date}', start_time = '{start}', end_time = '{end}',
             break_minutes = {break_minutes}, is_special = {is_special}
             where id = (select id from timesheets order by id limit 1 offset {at});"
        );
    }
    sql
}

async fn send(world: &World, region: &str, sql: &str) {
    let token = world.token(&format!("{region} PC"), region).await;
    let file = changed(&full_office_file(region, 1), sql);
    assert_eq!(world.upload(&token, "", file).send().await.unwrap().status(), StatusCode::OK);
}

fn amounts(hours: &Hours) -> [String; 6] {
    let Hours { worked, planned, overtime, night, past_midnight, special_normal, .. } = hours;
    [worked, planned, overtime, night, past_midnight, special_normal]
        .map(|amount| amount.to_string().replace('.', ","))
}

fn hours_of(day: &Entry<'_>) -> Hours {
    Shift::read(day).unwrap().hours(&Schedule::default())
}

fn file_name(answer: &Response) -> String {
    answer.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned()
}

const HEADS: [&str; 6] =
    ["Çalışılan (s)", "Plan (s)", "Fazla mesai (s)", "Gece (s)", "Geceye taşan (s)", "Özel gün (s)"];

#[tokio::test]
async fn hours_in_a_list_are_those_of_the_one_calculation() {
    let world = four_days().await;
    let cookie = somebody(&world, Role::Viewer, "Ankara").await;
    let page = read(get(&world, "/timesheets?lang=tr", &cookie).await).await;
    let file = csv_rows(&read(get(&world, "/timesheets/export", &cookie).await).await);
    let first = amounts(&hours_of(&DAYS[0]));
    assert_eq!(first, ["8,00", "5,00", "3,50", "8,00", "6,50", "0,00"], "the month's last night");
    for day in &DAYS {
        let hours = amounts(&hours_of(day));
        let cells = HEADS.iter().zip(&hours);
        let cells: String = cells
            .map(|(head, amount)| format!("<td data-label=\"{head}\" class=\"number\">{amount}</td>"))
            .collect();
        assert!(page.contains(&cells), "{day:?}: {cells} in {page}");
        let row = file.iter().find(|row| row[2] == day.start).unwrap();
        assert_eq!(row[8..14], hours, "{day:?}");
    }
    let why = "Giriş: saat 99 olamaz, 0 ile 23 arasında olmalı";
    assert!(page.contains(&format!("class=\"failed\">{why}</td>")), "{page}");
    assert!(file.iter().any(|row| row[2] == "99:25" && row[8..14].concat().is_empty() && row[14] == why));
    let english = read(get(&world, "/timesheets?lang=en", &cookie).await).await;
    assert!(english.contains("there is no hour 99"), "{english}");
}

#[tokio::test]
async fn totals_are_those_of_what_is_filtered() {
    let world = four_days().await;
    // Days that say the same as others count like others.
    send(&world, "Bursa", &sql_of_days()).await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let total = async |asked: &str| {
        let page = read(get(&world, &format!("/timesheets?{asked}"), &cookie).await).await;
        page.split_once("id=\"totals\"").map(|(_, totals)| totals.to_owned()).unwrap_or_default()
    };
    let shows = |totals: &str, days: &[Entry<'_>]| {
        let sum: Hours = days.iter().map(hours_of).sum();
        let all = HEADS.iter().zip(amounts(&sum));
        for (head, amount) in all {
            assert!(
                totals.contains(&format!("<dt>{head}</dt><dd>{amount}</dd>")),
                "{head} {amount}: {totals}"
            );
        }
    };
    let all = total("").await;
    shows(&all, &[DAYS, DAYS].concat());
    assert!(all.contains("toplamlara girmeyen satır: 2</p>") && all.contains("9 saat"), "{all}");
    let january = total("month=2026-01&region=Ankara").await;
    shows(&january, &DAYS[..1]);
    assert!(!january.contains("toplamlara girmeyen"));
    shows(&total("state=special&region=Bursa").await, &DAYS[1..2]);
    assert_eq!(total("q=kimsedegil").await, "");
    let file = get(&world, "/timesheets/export?format=xlsx&month=2026-01&region=Ankara", &cookie)
        .await
        .bytes()
        .await
        .unwrap();
    let rows = sheet(&file, "Puantaj");
    assert_eq!(rows.len(), 3, "heads, a row, and what it comes to");
    assert_eq!((rows[2][0].as_str(), &rows[2][8..11]), ("Toplam", &["8", "5", "3.5"].map(str::to_owned)[..]));
    let csv =
        csv_rows(&read(get(&world, "/timesheets/export?month=2026-01&region=Ankara", &cookie).await).await);
    assert_eq!(csv.len(), 2, "programs add up themselves");
}

#[tokio::test]
async fn hours_are_planned_as_each_office_plans() {
    let world = four_days().await;
    let own = "update settings set value = '8' where key = 'weekday_hours';
               update settings set value = '13:00' where key = 'saturday_end';
               update settings set value = 'Bursa Şubesi' where key = 'company_name';";
    send(&world, "Bursa", &(sql_of_days() + own)).await;
    send(&world, "Izmir", "update settings set value = 'dokuz' where key = 'weekday_hours'").await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let page = read(get(&world, "/timesheets?lang=en&region=Bursa", &cookie).await).await;
    let (rows, totals) = page.split_once("id=\"totals\"").unwrap();
    // 31 January is a Saturday, of which four hours are planned instead of five; 27 February a Friday.
    let cells = |planned: &str, overtime: &str| {
        format!(
            "<td data-label=\"Planned (h)\" class=\"number\">{planned}</td>\
                 <td data-label=\"Overtime (h)\" class=\"number\">{overtime}</td>"
        )
    };
    assert!(rows.contains(&cells("4.00", "4.50")) && rows.contains(&cells("8.00", "3.17")), "{rows}");
    assert!(totals.contains("<dt>Planned (h)</dt><dd>12.00</dd>"), "{totals}");
    assert!(totals.contains(">Bursa: 8 hours from Monday to Friday, Saturday 09:00–13:00.</p>"), "{totals}");
    assert!(totals.contains(">Izmir: the office&#39;s settings say no hours"), "{totals}");
    assert!(!totals.contains(">Ankara: "), "it plans as the program does: {totals}");
    let all = read(get(&world, "/timesheets?lang=en&q=Örnek%20Çalışan", &cookie).await).await;
    assert!(all.contains(&cells("5.00", "3.50")) && all.contains(&cells("4.00", "4.50")), "{all}");
    let file = csv_rows(&read(get(&world, "/timesheets/export?region=Bursa", &cookie).await).await);
    assert!(file.iter().any(|row| row[9..11] == ["4,00", "4,50"]), "{file:?}");
    let head = async |asked: &str| {
        let report =
            get(&world, &format!("/reports/timesheets?{asked}"), &cookie).await.bytes().await.unwrap();
        let days = sheet(&report, "Puantaj");
        let planned = days.iter().filter(|row| row[0] == "Örnek Çalışan").map(|row| row[7].clone()).collect();
        // The range begins with the first cell that says something: without a company that is the title.
        (days[0].concat(), planned)
    };
    let of = |planned: &[&str]| planned.iter().map(|hours| (*hours).to_owned()).collect::<Vec<_>>();
    assert_eq!(head("region=Bursa").await, ("Bursa Şubesi".to_owned(), of(&["4", "8", "0"])));
    assert_eq!(head("region=Ankara").await.0, "Örnek Su Arıtma Ltd. Şti.");
    assert_eq!(head("to=2026-01-31").await.0, "Puantaj ve Mesai Raporu", "two offices, and two names");
    let own = somebody(&world, Role::Manager, "Ankara").await;
    let page = read(get(&world, "/timesheets?lang=en", &own).await).await;
    assert!(!page.contains("Bursa") && !page.contains("Izmir"), "{page}");
}

#[tokio::test]
async fn a_report_bears_the_hub_s_own_company_and_picture() {
    let logo = include_bytes!("../../../export/tests/files/logo.png").to_vec();
    assert!(Logo::new(b"GIF89a".to_vec()).is_err());
    let world = hub_with(|settings| {
        settings.letterhead =
            Letterhead { company: Some("Örnek Holding".into()), logo: Logo::new(logo).ok() };
    })
    .await;
    send(&world, "Ankara", &sql_of_days()).await;
    let cookie = somebody(&world, Role::Viewer, "Ankara").await;
    let report = get(&world, "/reports/timesheets", &cookie).await.bytes().await.unwrap();
    let head: String = sheet(&report, "Puantaj")[..3].concat().concat();
    assert!(head.starts_with("Örnek Holding") && !head.contains("Su Arıtma"), "{head}");
    assert!(report.windows(19).any(|name| name == b"xl/media/image1.png"), "the picture is in the file");
}

#[tokio::test]
async fn a_person_s_page_says_what_their_months_come_to() {
    let world = four_days().await;
    let cookie = somebody(&world, Role::Office, "Ankara").await;
    let people = world.store.pages().at("employees").unwrap();
    let viewer = Viewer::new(Role::Office, merge::Region::new("Ankara"));
    let asked = Asked { search: "örnek çalışan".into(), ..Asked::default() };
    let gid = world.store.list(&viewer, people, &asked).await.unwrap().unwrap().lines[0].gid.clone();
    let page = read(get(&world, &format!("/employees/{gid}"), &cookie).await).await;
    assert!(page.contains("<span>8,00 s, fazla 3,50</span>"), "{page}");
    let february: Hours = DAYS[1..].iter().map(hours_of).sum();
    let [worked, _, overtime, ..] = amounts(&february);
    assert!(page.contains(&format!("<span>{worked} s, fazla {overtime}</span>")), "{page}");
    assert!(page.contains(&format!("href=\"/reports?employee={gid}\"")), "{page}");
}

#[tokio::test]
async fn a_list_s_file_has_all_its_rows_in_their_order_and_by_their_types() {
    let world = hub().await;
    send(&world, "Ankara", "").await;
    let cookie = somebody(&world, Role::Manager, "Ankara").await;
    let viewer = Viewer::new(Role::Manager, merge::Region::new("Ankara"));
    for (at, list) in world.store.pages().lists().iter().enumerate() {
        let sort = list.columns[1].name.clone();
        let asked = Asked { sort: Some(sort.clone()), descending: true, ..Asked::default() };
        let mut wanted = Vec::new();
        let called = list.naming();
        let add = |line: store::Line| wanted.push(line.cells[called].value.to_string());
        let count = world.store.every(&viewer, at, &asked, add).await.unwrap().unwrap();
        let path = format!("/{}/export?sort=-{sort}&page=2&format=", list.path);
        let csv = csv_rows(&read(get(&world, &format!("{path}csv"), &cookie).await).await);
        let xlsx = get(&world, &format!("{path}xlsx"), &cookie).await.bytes().await.unwrap();
        let rows = sheet(&xlsx, &list.label.tr);
        assert_eq!(csv.len(), count + 1, "{}", list.path);
        assert_eq!(rows.len(), count + 1 + usize::from(list.shifts.is_some()), "{}", list.path);
        assert_eq!(rows[0], csv[0], "{}", list.path);
        assert!(csv[0].contains(&"Bölge".to_owned()) && csv[0][called] == list.columns[called].label.tr);
        if list.columns[called].shows == store::Shows::Text {
            let names: Vec<&String> = csv[1..].iter().map(|row| &row[called]).collect();
            assert_eq!(names, wanted.iter().collect::<Vec<_>>(), "{}", list.path);
        }
    }
    let english = get(&world, "/timesheets/export?lang=en", &cookie).await;
    assert_eq!(file_name(&english), "attachment; filename=\"timesheets-2026-01-19.csv\"");
    let english = csv_rows(&read(english).await);
    assert_eq!(english[0][..3], ["Date", "Employee", "Start"]);
    assert_eq!(english[1][0].chars().filter(|c| *c == '.').count(), 2, "31.01.2026: {:?}", english[1]);
}

#[tokio::test]
async fn no_one_s_words_lead_into_a_file_s_name() {
    let world = hub().await;
    let evil = "a\"; filename=\"evil.exe\r\nX-Evil: 1\r\n\r\n../..\\b";
    send(&world, "Ankara", &format!("update employees set full_name = '{evil}' || id")).await;
    let cookie = somebody(&world, Role::Admin, "*").await;
    let people = world.store.pages().at("employees").unwrap();
    let viewer = Viewer::new(Role::Admin, merge::Region::All);
    let gid =
        world.store.list(&viewer, people, &Asked::default()).await.unwrap().unwrap().lines[0].gid.clone();
    for field in ["format", "q", "region", "month", "state", "of", "sort", "lang", "page", "name", "filename"]
    {
        let mut url = reqwest::Url::parse(&world.base).unwrap().join("employees/export").unwrap();
        url.query_pairs_mut().append_pair(field, evil);
        let answer = world.client.get(url).header(header::COOKIE, &cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{field}");
        assert_eq!(file_name(&answer), "attachment; filename=\"calisanlar-2026-01-19.csv\"", "{field}");
        assert!(!answer.headers().contains_key("x-evil"));
    }
    let report = get(&world, &format!("/reports/timesheets?employee={gid}&from=2026-01-01"), &cookie).await;
    let name = file_name(&report);
    let own =
        name.strip_prefix("attachment; filename=\"").and_then(|name| name.strip_suffix(".xlsx\"")).unwrap();
    assert!(own.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{name}");
    assert!(!report.headers().contains_key("x-evil"));
}

#[tokio::test]
async fn who_took_what_out_stands_in_the_activity() {
    let world = four_days().await;
    let cookie = somebody(&world, Role::Viewer, "Ankara").await;
    for path in [
        "/timesheets/export?month=2026-01&page=3",
        "/employees/export?q=10000000146&lang=en",
        "/reports/timesheets?from=2026-02-01",
    ] {
        assert_eq!(get(&world, path, &cookie).await.status(), StatusCode::OK);
    }
    let told = world.store.audit(10).await.unwrap();
    let exports: Vec<(&str, &str)> = told
        .iter()
        .filter(|entry| entry.action == "export")
        .map(|entry| (&*entry.who, &*entry.what))
        .collect();
    let wanted = [
        ("Viewer-Ankara", "reports/timesheets (3)?from=2026-02-01"),
        ("Viewer-Ankara", "employees (0)?q=*"),
        ("Viewer-Ankara", "timesheets (1)?month=2026-01"),
    ];
    assert_eq!(exports, wanted);
}

#[tokio::test]
async fn the_report_has_the_days_that_were_asked_for_and_tells_what_it_could_not_calculate() {
    let world = four_days().await;
    send(&world, "Bursa", "update timesheets set notes = 'bursadan'").await;
    let cookie = somebody(&world, Role::Viewer, "Ankara").await;
    let page = read(get(&world, "/reports", &cookie).await).await;
    assert!(
        page.contains("action=\"/reports/timesheets\"") && page.contains("aria-current=\"page\">Raporlar"),
        "{page}"
    );
    assert!(page.contains(">Örnek Çalışan · Ankara</option>") && !page.contains("Bursa"), "{page}");
    let asked = "/reports/timesheets?from=2026-02-01&to=2026-02-28&format=xlsx&region=Ankara";
    let answer = get(&world, asked, &cookie).await;
    assert_eq!(
        file_name(&answer),
        "attachment; filename=\"puantaj_raporu_tum_calisanlar_2026-02-01_2026-02-28.xlsx\""
    );
    let bytes = answer.bytes().await.unwrap();
    let book: Xlsx<_> = Xlsx::new(Cursor::new(&bytes[..])).unwrap();
    let names = ["Puantaj", "Özet", "Özel Gün Çalışmaları", "Geceye Taşan Mesailer", "Hatalar"];
    assert_eq!(book.sheet_names(), names);
    let days = sheet(&bytes, "Puantaj");
    let of_person: Vec<&Vec<String>> =
        days.iter().filter(|row| row.contains(&"Örnek Çalışan".to_owned())).collect();
    assert_eq!(of_person.len(), 2, "{days:?}");
    let errors = sheet(&bytes, "Hatalar");
    assert!(errors.iter().any(|row| row.contains(&"99:25".to_owned())), "{errors:?}");
    assert!(!text_of_workbook(&bytes).contains("bursadan"));
    for wrong in ["from=dün", "from=2026-02-30", "from=2026-02-02&to=2026-02-01"] {
        let answer = get(&world, &format!("/reports/timesheets?{wrong}"), &cookie).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(answer.text().await.unwrap().contains("id=\"problem\""), "{wrong}");
    }
}
