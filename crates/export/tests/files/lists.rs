use export::{Cell, ExportError, Exported, List, Notice, list};
use jiff::civil::{date, datetime};
use model::Decimal;
use office::TimeOfDay;
use proptest::prelude::*;

use crate::opened::{cells, part, sheet_xml, sheets};

fn made(title: &str, headers: &[&str], rows: &[Vec<Cell<'_>>]) -> Result<Exported, ExportError> {
    list(&List { title, headers, made: datetime(2026, 2, 1, 8, 30, 0, 0) }, rows)
}

fn decimal(text: &str) -> Cell<'_> {
    Cell::Number(text.parse().unwrap())
}

#[test]
fn cells_keep_their_types() {
    let row = vec![
        "Ayşe IŞIK".into(),
        decimal("-1234.50"),
        60.into(),
        date(2026, 1, 5).into(),
        TimeOfDay::new(9, 5).unwrap().into(),
        Cell::Empty,
        TimeOfDay::MIDNIGHT.into(),
        date(9999, 12, 31).into(),
    ];
    let headers = ["Çalışan", "Tutar", "Mola", "Tarih", "Giriş", "Not", "Çıkış", "Son"];
    let exported = made("Puantaj", &headers, &[row]).unwrap();
    assert_eq!(sheets(&exported.bytes), ["Puantaj"]);
    let wanted = ["Ayşe IŞIK", "#-1234.5", "#60", "@2026-01-05", "@09:05", "", "@00:00", "@9999-12-31"];
    assert_eq!(cells(&exported.bytes, "Puantaj"), [headers, wanted]);
    assert_eq!(exported.notices, []);
}

#[test]
fn every_minute_of_a_day_is_its_cell() {
    let rows: Vec<_> =
        (0..1440).map(|minutes| vec![TimeOfDay::from_minutes(minutes).unwrap().into()]).collect();
    let cells = cells(&made("a", &["a"], &rows).unwrap().bytes, "a");
    for (minutes, row) in (0..1440).zip(&cells[1..]) {
        assert_eq!(row[0], format!("@{}", TimeOfDay::from_minutes(minutes).unwrap()));
    }
}

#[test]
fn text_is_text_whatever_it_begins_with() {
    for text in [
        "=1+1",
        "+90 555",
        "-1",
        "@SUM(A1)",
        "{=1}",
        "http://example.invalid",
        "0012",
        "1e5",
        "TRUE",
        "2026-01-05",
    ] {
        let exported = made("a", &[text], &[vec![text.into()]]).unwrap();
        assert_eq!(cells(&exported.bytes, "a"), [[text], [text]]);
        let xml = sheet_xml(&exported.bytes, 1);
        assert!(!xml.contains("<f>") && !xml.contains("<hyperlink"), "{xml}");
    }
}

#[test]
fn numbers_that_excel_would_round_are_text() {
    let (longest, longer) = ("999999999999999", "1000000000000001");
    let row = vec![
        decimal(longest),
        decimal(longer),
        decimal("0.1234567890123456"),
        decimal("12.50000000000000000000"),
    ];
    let exported = made("a", &["1", "2", "3", "4"], &[row]).unwrap();
    let wanted = ["#999999999999999", longer, "0,1234567890123456", "#12.5"];
    assert_eq!(cells(&exported.bytes, "a")[1], wanted);
}

#[test]
fn days_before_excels_calendar_are_text() {
    let row = vec![date(1900, 2, 28).into(), date(1900, 3, 1).into(), date(1, 1, 1).into()];
    let exported = made("a", &["1", "2", "3"], &[row]).unwrap();
    assert_eq!(cells(&exported.bytes, "a")[1], ["28.02.1900", "@1900-03-01", "01.01.0001"]);
}

#[test]
fn headers_stay_in_sight_and_have_filters() {
    let long = "a".repeat(300);
    let rows = [
        vec![Cell::from("Ayşe"), "kısa".into(), long.as_str().into()],
        vec!["B".into(), "c".into(), "d".into()],
    ];
    let exported = made("a", &["Ad", "Not düşülen", "Açıklama"], &rows).unwrap();
    let xml = sheet_xml(&exported.bytes, 1);
    assert!(
        xml.contains(r#"<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#),
        "{xml}"
    );
    assert!(xml.contains(r#"<autoFilter ref="A1:C3"/>"#), "{xml}");
    // Excel adds 0.71 of a character for its margins.
    let widths: Vec<&str> =
        xml.split(" width=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(widths, ["8.7109375", "14.7109375", "60.7109375"]);
}

#[test]
fn a_list_without_rows_is_its_headers() {
    let exported = made("Boş", &["Ad"], &[]).unwrap();
    assert_eq!(cells(&exported.bytes, "Boş"), [["Ad"]]);
    assert!(made("Boş", &[], &[]).is_ok());
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let rows = [vec![Cell::from("a")]];
    let (one, other) = (made("a", &["a"], &rows).unwrap(), made("a", &["a"], &rows).unwrap());
    assert_eq!(one, other);
    let core = part(&one.bytes, "docProps/core.xml").unwrap();
    assert!(core.contains("2026-02-01T08:30:00Z") && core.contains("<dc:title>a</dc:title>"), "{core}");
}

#[test]
fn a_text_that_no_cell_holds_is_cut_and_told() {
    let (full, long) = ("ş".repeat(32_767), "ş".repeat(32_768));
    let row = vec![full.as_str().into(), long.as_str().into()];
    let exported = made("Not: 1", &["1", "2"], &[row]).unwrap();
    assert_eq!(exported.notices, [Notice::Cut { sheet: "Not  1".into(), row: 2, column: 2 }]);
    let cells = &cells(&exported.bytes, "Not  1")[1];
    assert!(cells[0] == full && cells[1] == format!("{}…", "ş".repeat(32_766)));
}

#[test]
fn a_row_of_another_width_is_an_error() {
    let wrong = made("a", &["1"], &[vec!["1".into()], vec!["1".into(), "2".into()]]).unwrap_err();
    assert!(matches!(wrong, ExportError::Width { row: 2, cells: 2, columns: 1 }), "{wrong}");
}

#[test]
fn a_sheet_has_an_end() {
    let empty: Vec<Cell<'_>> = vec![Cell::Empty];
    let list_of = List { title: "a", headers: &["a"], made: datetime(2026, 2, 1, 8, 30, 0, 0) };
    let full = (1..1_048_576).map(|_| &empty);
    assert!(list(&list_of, full.clone()).is_ok());
    let last = vec![Cell::from("x")];
    let wrong = list(&list_of, full.chain([&last])).unwrap_err();
    assert!(matches!(wrong, ExportError::TooManyRows), "{wrong}");
}

proptest! {
    #[test]
    fn any_text_and_number_is_read_back(
        text in "\\PC{1,40}|[ -~]{1,20}|[\\x01-\\x1f<>&_x]{1,10}",
        unscaled in -999_999_999_999_999_i128..=999_999_999_999_999,
        scale in 0_u8..=6,
    ) {
        let number = Decimal::new(unscaled, scale).unwrap();
        let exported = made("a", &["a", "b"], &[vec![text.as_str().into(), Cell::Number(number)]]).unwrap();
        let cells = &cells(&exported.bytes, "a")[1];
        // XML itself makes one line end of two kinds.
        prop_assert_eq!(&cells[0], &text);
        let read: f64 = cells[1][1..].parse().unwrap();
        prop_assert_eq!(Decimal::from_f64(read), Some(number));
    }
}
