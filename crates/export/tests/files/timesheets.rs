use export::{Language, LogoProblem, Notice, Report, Row, Timesheet, timesheet};
use jiff::civil::{date, datetime};
use office::hours::{Entry, Schedule, Settings};

use crate::opened::{cells, merged, part, sheet_xml, sheets};

const LOGO: &[u8] = include_bytes!("logo.png");

fn report(language: Language) -> Report<'static> {
    Report {
        company: "Örnek Su Arıtma A.Ş.",
        title: "",
        from: Some(date(2026, 1, 1)),
        until: Some(date(2026, 1, 31)),
        logo: None,
        language,
        made: datetime(2026, 2, 1, 8, 30, 0, 0),
    }
}

fn row<'a>(person: u8, name: &'a str, entry: [&'a str; 4], schedule: &'a Schedule) -> Row<'a, u8> {
    let [date, start, end, break_minutes] = entry;
    let entry = Entry { date, start, end, break_minutes, is_special: false };
    Row { person: Some(person), name, region: "Ankara", entry, note: "", schedule }
}

fn special(row: Row<'_, u8>) -> Row<'_, u8> {
    Row { entry: Entry { is_special: true, ..row.entry }, ..row }
}

/// Two people of one name, one of another office with other hours, bad rows of every kind.
fn made(language: Language) -> Timesheet {
    let (ankara, bursa) =
        (Schedule::default(), Schedule::read(&Settings { weekday_hours: "7,5", ..Settings::default() }));
    let bursa = bursa.unwrap();
    let rows = [
        row(3, "Şule Örnek", ["2026-01-14", "15:00", "02:00", "60"], &ankara),
        row(3, "Şule Örnek", ["2026-01-31", "22:00", "06:00", "-10"], &ankara),
        Row { note: "=1+1", ..row(1, "Çağrı Deneme", ["2026-01-14", "08:30", "20:20", "60"], &ankara) },
        special(row(2, "Çağrı Deneme", ["2026-01-18", "22:00", "08:00", "60"], &ankara)),
        Row { region: "Bursa", ..row(4, "Ilgaz Öz", ["2026-01-14", "09:00", "18:00", "60"], &bursa) },
        row(3, "Şule Örnek", ["2026-01-15", "99:25", "18:00", "60"], &ankara),
        special(Row { note: "not", ..row(4, "Ilgaz Öz", ["2026-02-30", "09:00", "18:00", "60"], &ankara) }),
        Row { person: None, ..row(0, "", ["2026-01-15", "09:00", "18:00", "60"], &ankara) },
        row(1, "Çağrı Deneme", ["2026-01-15", "09:00", "ab:cd", "60"], &ankara),
        row(1, "Çağrı Deneme", ["2026-01-15", "09:00", "18:00", ""], &ankara),
        row(1, "Çağrı Deneme", ["2026-01-16", "09:00", "09:00", "60"], &ankara),
    ];
    timesheet(&report(language), &rows).unwrap()
}

#[test]
fn the_first_sheet_looks_as_offices_know_it() {
    let timesheet = made(Language::Turkish);
    let bytes = &timesheet.file.bytes;
    assert_eq!(
        sheets(bytes),
        ["Puantaj", "Özet", "Özel Gün Çalışmaları", "Geceye Taşan Mesailer", "Hatalar"]
    );
    #[rustfmt::skip]
    let wanted = [
        ["", "Örnek Su Arıtma A.Ş.", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
        ["", "Puantaj ve Mesai Raporu", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
        ["", "Tarih Aralığı: 01.01.2026 - 31.01.2026", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
        ["Hesaplanamayan satır: 6. Toplamlarda yoklar, Hatalar sayfasına bakın.", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
        ["Çalışan", "Bölge", "Tarih", "Giriş", "Çıkış", "Mola (dk)", "Çalışılan (s)", "Plan (s)", "Fazla Mesai (s)", "Gece (s)",
            "Geceye Taşan (s)", "Özel Gün", "Özel Gün Normal (s)", "Özel Gün Fazla (s)", "Özel Gün Gece (s)", "Not"],
        ["Şule Örnek", "Ankara", "@2026-01-14", "@15:00", "@02:00", "#60", "#10", "#9", "#2", "#4", "#2", "Hayır", "#0", "#0", "#0", ""],
        ["Şule Örnek", "Ankara", "@2026-01-31", "@22:00", "@06:00", "#-10", "#8", "#5", "#3", "#8", "#6", "Hayır", "#0", "#0", "#0", ""],
        ["Çağrı Deneme", "Ankara", "@2026-01-14", "@08:30", "@20:20", "#60", "#10.83", "#9", "#2.83", "#0", "#0", "Hayır", "#0", "#0", "#0", "=1+1"],
        ["Çağrı Deneme", "Ankara", "@2026-01-18", "@22:00", "@08:00", "#60", "#9", "#0", "#0", "#8", "#8", "Evet", "#9", "#0", "#8", ""],
        ["Ilgaz Öz", "Bursa", "@2026-01-14", "@09:00", "@18:00", "#60", "#8", "#7.5", "#1.5", "#0", "#0", "Hayır", "#0", "#0", "#0", ""],
    ];
    assert_eq!(cells(bytes, "Puantaj"), wanted);
    assert_eq!(merged(bytes, "Puantaj"), [[0, 1, 0, 15], [1, 1, 1, 15], [2, 1, 2, 15]]);
}

#[test]
fn the_first_sheet_is_frozen_and_measured_as_before() {
    let xml = sheet_xml(&made(Language::Turkish).file.bytes, 1);
    assert!(
        xml.contains(r#"<pane ySplit="5" topLeftCell="A6" activePane="bottomLeft" state="frozen"/>"#),
        "{xml}"
    );
    assert!(
        xml.contains(r#"<cols><col min="1" max="16" width="16.7109375" customWidth="1"/></cols>"#),
        "{xml}"
    );
    // Heights are whole points of the screen: 22 become 21.75.
    for (row, height) in [(1, "36"), (2, "21.75"), (3, "18")] {
        let tag = xml.split(&format!("<row r=\"{row}\"")).nth(1).unwrap().split('>').next().unwrap();
        assert!(tag.contains(&format!("ht=\"{height}\"")), "{tag}");
    }
}

#[test]
fn headers_company_and_dates_look_as_before() {
    let bytes = made(Language::Turkish).file.bytes;
    let styles = part(&bytes, "xl/styles.xml").unwrap();
    for (look, size) in [("company", 14), ("title", 11), ("dates", 10)] {
        assert!(styles.contains(&format!(r#"<sz val="{size}"/>"#)), "{look}: {styles}");
    }
    for color in ["FFDCE6F1", "FFB0B0B0", "FFEAF1FB"] {
        assert!(styles.contains(color), "{color}: {styles}");
    }
    for format in ["dd.mm.yyyy", "hh:mm"] {
        assert!(styles.contains(&format!(r#"formatCode="{format}""#)), "{format}: {styles}");
    }
    // Built in: whole numbers, two digits behind the comma, text.
    for index in [1, 2, 49] {
        assert!(styles.contains(&format!(r#"<xf numFmtId="{index}""#)), "{index}: {styles}");
    }
}

#[test]
fn people_are_told_apart_by_number_and_sorted_in_turkish() {
    let timesheet = made(Language::Turkish);
    #[rustfmt::skip]
    let wanted = [
        ["Çalışan", "Toplam Çalışılan", "Toplam Plan", "Toplam Fazla Mesai", "Toplam Gece", "Toplam Geceye Taşan",
            "Özel Gün Normal", "Özel Gün Gece", "Bölge"],
        ["Çağrı Deneme", "#10.83", "#9", "#2.83", "#0", "#0", "#0", "#0", "Ankara"],
        ["Çağrı Deneme", "#9", "#0", "#0", "#8", "#8", "#9", "#8", "Ankara"],
        ["Ilgaz Öz", "#8", "#7.5", "#1.5", "#0", "#0", "#0", "#0", "Bursa"],
        ["Şule Örnek", "#18", "#14", "#5", "#12", "#8", "#0", "#0", "Ankara"],
        ["Genel Toplam", "#45.83", "#30.5", "#9.33", "#20", "#16", "#9", "#8", ""],
    ];
    assert_eq!(cells(&timesheet.file.bytes, "Özet"), wanted);
}

#[test]
fn special_days_and_nights_have_sheets_of_their_own() {
    let bytes = made(Language::Turkish).file.bytes;
    let special =
        [["Çalışan", "Tarih", "Normal", "Fazla", "Gece"], ["Çağrı Deneme", "@2026-01-18", "#9", "#0", "#8"]];
    assert_eq!(cells(&bytes, "Özel Gün Çalışmaları"), special);
    let nights = [
        ["Çalışan", "Tarih", "Geceye Taşan (s)"],
        ["Şule Örnek", "@2026-01-14", "#2"],
        ["Şule Örnek", "@2026-01-31", "#6"],
        ["Çağrı Deneme", "@2026-01-18", "#8"],
    ];
    assert_eq!(cells(&bytes, "Geceye Taşan Mesailer"), nights);
}

#[test]
fn a_bad_row_ends_nothing_and_is_named() {
    let timesheet = made(Language::Turkish);
    assert_eq!(timesheet.errors, 6);
    #[rustfmt::skip]
    let wanted = [
        ["Çalışan", "Bölge", "Tarih", "Giriş", "Çıkış", "Mola (dk)", "Özel Gün", "Not", "Neden"],
        ["Şule Örnek", "Ankara", "2026-01-15", "99:25", "18:00", "60", "Hayır", "", "Giriş: saat 99 olamaz, 0 ile 23 arasında olmalı"],
        ["Ilgaz Öz", "Ankara", "2026-02-30", "09:00", "18:00", "60", "Evet", "not", "Tarih: “2026-02-30” diye bir gün yok"],
        ["", "Ankara", "2026-01-15", "09:00", "18:00", "60", "Hayır", "", "Çalışan kaydı yok"],
        ["Çağrı Deneme", "Ankara", "2026-01-15", "09:00", "ab:cd", "60", "Hayır", "", "Çıkış: “ab:cd” bir saat değil"],
        ["Çağrı Deneme", "Ankara", "2026-01-15", "09:00", "18:00", "", "Hayır", "", "Mola (dk): boş, sayı yazılmalı (mola yoksa 0)"],
        ["Çağrı Deneme", "Ankara", "2026-01-16", "09:00", "09:00", "60", "Hayır", "",
            "Giriş de çıkış da 09:00: bütün gün mü çalışıldı, hiç mi, belli değil"],
    ];
    assert_eq!(cells(&timesheet.file.bytes, "Hatalar"), wanted);
}

#[test]
fn a_report_without_rows_says_so_on_every_sheet() {
    let report = Report { from: None, until: None, title: "Ocak", ..report(Language::Turkish) };
    let timesheet = timesheet::<u8>(&report, &[]).unwrap();
    let bytes = &timesheet.file.bytes;
    assert_eq!(timesheet.errors, 0);
    let days = cells(bytes, "Puantaj");
    assert_eq!((days[1][1].as_str(), days[2][1].as_str()), ("Ocak", "Tarih Aralığı: tüm tarihler"));
    assert_eq!((days[3][0].as_str(), days[5][0].as_str(), days.len()), ("", "Kayıt yok", 6));
    for sheet in &sheets(bytes)[1..] {
        let cells = cells(bytes, sheet);
        assert_eq!((cells[1][0].as_str(), cells.len()), ("Kayıt yok", 2), "{sheet}");
    }
}

#[test]
fn half_a_range_has_an_open_end() {
    let report = Report { until: None, ..report(Language::English) };
    let timesheet = timesheet::<u8>(&report, &[]).unwrap();
    assert_eq!(cells(&timesheet.file.bytes, "Timesheet")[2][1], "Dates: 01.01.2026 - …");
}

#[test]
fn english_says_the_same() {
    let bytes = made(Language::English).file.bytes;
    let names = ["Timesheet", "Summary", "Work on Special Days", "Shifts Past Midnight", "Errors"];
    assert_eq!(sheets(&bytes), names);
    let days = cells(&bytes, "Timesheet");
    assert_eq!(days[1][1], "Timesheet and Overtime Report");
    assert_eq!(days[3][0], "Rows that cannot be calculated: 6. No total counts them; see the sheet Errors.");
    assert_eq!(days[4][..6], ["Employee", "Region", "Date", "Entry", "Exit", "Break (min)"]);
    assert_eq!(days[8][11], "Yes");
    let reasons: Vec<String> = cells(&bytes, "Errors")[1..].iter().map(|row| row[8].clone()).collect();
    let wanted = [
        "Entry: there is no hour 99, it must be from 0 to 23",
        "Date: there is no day “2026-02-30”",
        "There is no such employee",
        "Exit: “ab:cd” is not a time",
        "Break (min): empty, needs a number (0 for no break)",
        "Entry and exit are both 09:00: all day or not at all, nobody can tell",
    ];
    assert_eq!(reasons, wanted);
    let turkish = made(Language::Turkish).file.bytes;
    for (turkish_name, name) in sheets(&turkish).iter().zip(names) {
        let typed = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
            rows.into_iter()
                .map(|row| row.into_iter().filter(|cell| cell.starts_with(['#', '@'])).collect())
                .collect()
        };
        assert_eq!(typed(cells(&turkish, turkish_name)), typed(cells(&bytes, name)), "{name}");
    }
}

#[test]
fn a_logo_stands_in_the_corner() {
    let report = Report { logo: Some(LOGO), ..report(Language::Turkish) };
    let timesheet = timesheet::<u8>(&report, &[]).unwrap();
    assert_eq!(timesheet.file.notices, []);
    let drawing = part(&timesheet.file.bytes, "xl/drawings/drawing1.xml").unwrap();
    assert!(
        drawing.contains("<xdr:from><xdr:col>0</xdr:col><xdr:colOff>0</xdr:colOff><xdr:row>0</xdr:row>"),
        "{drawing}"
    );
    // 110 x 60 points of the screen hold a square of 60: 9525 units each.
    assert!(drawing.contains(r#"<a:ext cx="571500" cy="571500"/>"#), "{drawing}");
    assert!(drawing.contains(r#"descr="Kurum logosu""#), "{drawing}");
    assert!(part(&timesheet.file.bytes, "xl/media/image1.png").is_some());
}

#[test]
fn a_logo_that_is_no_picture_is_left_out_and_told() {
    let without = timesheet::<u8>(&report(Language::Turkish), &[]).unwrap().file.bytes;
    for (logo, problem) in [
        (&b"GIF89a"[..], LogoProblem::NotAPng),
        (&[], LogoProblem::NotAPng),
        (&LOGO[..LOGO.len() - 5], LogoProblem::Damaged),
    ] {
        let report = Report { logo: Some(logo), ..report(Language::Turkish) };
        let timesheet = timesheet::<u8>(&report, &[]).unwrap();
        assert_eq!(timesheet.file.notices, [Notice::Logo(problem)]);
        assert_eq!(timesheet.file.bytes, without);
    }
}

#[test]
fn hostile_texts_are_only_texts() {
    let schedule = Schedule::default();
    let long = "ç".repeat(40_000);
    let rows = [
        Row {
            region: "=A1",
            note: &long,
            ..row(1, "=HYPERLINK(\"http://x\")", ["2026-01-14", "09:00", "18:00", "60"], &schedule)
        },
        row(2, "@x", ["=1+1", "<b>", "\u{1}", &long], &schedule),
    ];
    let report = Report { company: &long, title: "=2+2", ..report(Language::Turkish) };
    let timesheet = timesheet(&report, &rows).unwrap();
    let bytes = &timesheet.file.bytes;
    for number in 1..=5 {
        assert!(!sheet_xml(bytes, number).contains("<f>"));
    }
    assert_eq!(cells(bytes, "Puantaj")[5][..2], ["=HYPERLINK(\"http://x\")", "=A1"]);
    assert_eq!(cells(bytes, "Hatalar")[1][2..5], ["=1+1", "<b>", "\u{1}"]);
    let cut = |sheet: &str, row, column| Notice::Cut { sheet: sheet.into(), row, column };
    assert_eq!(timesheet.file.notices, [cut("Puantaj", 1, 2), cut("Puantaj", 6, 16), cut("Hatalar", 2, 6)]);
}
