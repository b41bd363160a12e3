//! What the old server did to the offices' rows, as tests that each of it stays away: two offices whose rows all count
//! from 1, and what one of them does.

use testkit::office::{
    Employee, Fault, Inspection, Product, Record, ServiceVisit, Shape, ShiftTemplate, Size, Vehicle,
};

use crate::{
    office::{Book, NEW, Pc, changes, made},
    world::{World, hub},
};

struct Offices {
    world: World,
    ankara: Pc,
    istanbul: Pc,
    headquarters: Pc,
}

const FAULT: Fault<'_> = Fault {
    vehicle_id: 1,
    title: "Fren balatası",
    description: "",
    opened_date: "2026-01-20",
    closed_date: "",
    status: "Acik",
};

fn vehicle(plate: &str) -> Vehicle<'_> {
    Vehicle { plate, ..Vehicle::default() }
}

/// Ankara: 3 people with a day each, a vehicle with a fault, one serial number, synchronisation on. Istanbul: 2 people with a
/// day each and a vehicle. Neither has sent anything yet.
async fn offices() -> Offices {
    let world = hub().await;
    let ankara = Pc::with_token(&world, "Ankara PC", "Ankara", NEW).await;
    let istanbul = Pc::with_token(&world, "Istanbul PC", "Istanbul", NEW).await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    for (pc, people) in [(&ankara, 3), (&istanbul, 2)] {
        let region = &pc.desktop.region;
        for at in 1..=people {
            assert_eq!(pc.add_person(&format!("{region} Kişi {at}")), at, "both count from 1");
            assert_eq!(pc.add_hours(at, &format!("2026-01-2{at}")), at);
        }
        assert_eq!(pc.desktop.save_vehicle(None, &vehicle(&format!("99 {region} 1"))).unwrap(), 1);
    }
    ankara.desktop.save_fault(None, &FAULT).unwrap();
    ankara.desktop.upload_stock("Ankara", &[product(&["SN-1"])]).unwrap();
    let settings = [
        ("sync_enabled", "1"),
        ("sync_url", "http://hub"),
        ("sync_token", "t"),
        ("company_name", "Örnek A.Ş."),
    ];
    settings.iter().for_each(|(key, value)| ankara.desktop.save_setting(key, value).unwrap());
    Offices { world, ankara, istanbul, headquarters }
}

fn product<'a>(serials: &'a [&'a str]) -> Product<'a> {
    Product { code: "F1", name: "Filtre", serials }
}

impl Offices {
    async fn sync_both(&self) {
        self.ankara.sync(&self.world).await;
        self.istanbul.sync(&self.world).await;
    }

    async fn all(&self) -> Book {
        self.headquarters.sees(&self.world).await
    }
}

#[tokio::test]
async fn the_first_sync_leaves_faults_and_settings_where_they_are() {
    let Offices { world, ankara, .. } = offices().await;
    let (before, settings) =
        (ankara.book(), "select group_concat(key || value) from (select * from settings order by key)");
    let said: String = ankara.value(settings);
    ankara.sync(&world).await;
    assert_eq!(ankara.book(), before);
    assert_eq!(ankara.book().count("vehicle_faults"), 1);
    assert_eq!(ankara.value::<String>(settings), said);
    assert_eq!(ankara.value::<String>("select value from settings where key = 'sync_enabled'"), "1");
}

#[tokio::test]
async fn equal_numbers_of_two_offices_are_different_people_hours_and_vehicles() {
    let two = offices().await;
    let (ankara, istanbul) = (two.ankara.book(), two.istanbul.book());
    for _ in 0..3 {
        two.sync_both().await;
        let all = two.all().await;
        assert!(all.holds(&ankara) && all.holds(&istanbul));
        assert_eq!(all.rows(), ankara.rows() + istanbul.rows());
        assert_eq!((two.ankara.book(), two.istanbul.book()), (ankara.clone(), istanbul.clone()));
    }
    assert!(two.all().await.has("timesheets", &["Ankara Kişi 3", "2026-01-23"]), "nobody's hours moved");
    assert_eq!(two.ankara.value::<i64>("select id from employees where full_name = 'Ankara Kişi 2'"), 2);
}

#[tokio::test]
async fn the_stock_of_one_office_outlives_the_uploads_of_the_others() {
    let two = offices().await;
    two.sync_both().await;
    assert!(two.all().await.has("stock_inventory", &["SN-1", "Ankara"]), "Istanbul sent none");
    two.istanbul.desktop.upload_stock("Istanbul", &[product(&["SN-8", "SN-9"])]).unwrap();
    two.sync_both().await;
    assert_eq!(two.all().await.count("stock_inventory"), 3);
    // A new list of one office replaces that office's, and nothing else.
    two.ankara.desktop.upload_stock("Ankara", &[product(&["SN-2"])]).unwrap();
    two.sync_both().await;
    let all = two.all().await;
    let has = |serial: &str| all.has("stock_inventory", &[&format!("seri_no: {serial}")]);
    assert_eq!(["SN-1", "SN-2", "SN-8", "SN-9"].map(has), [false, true, true, true]);
}

#[tokio::test]
async fn a_deleted_timesheet_takes_no_other_offices_with_it_and_bars_no_number() {
    let two = offices().await;
    two.sync_both().await;
    let istanbul = two.istanbul.book();
    two.ankara.desktop.delete(Record::Timesheet, 1).unwrap();
    two.sync_both().await;
    assert_eq!(two.istanbul.book(), istanbul);
    assert_eq!(two.all().await.count("timesheets"), 4);
    // Istanbul's first day goes on being edited, and Ankara's next one comes through.
    two.istanbul.craft("update timesheets set end_time = '19:30' where id = 1");
    two.ankara.add_hours(1, "2026-01-29");
    two.sync_both().await;
    let all = two.all().await;
    assert!(all.has("timesheets", &["Istanbul Kişi 1", "19:30"]));
    assert!(all.has("timesheets", &["Ankara Kişi 1", "2026-01-29"]));
}

#[tokio::test]
async fn an_old_file_of_five_tables_empties_no_other_table() {
    let two = offices().await;
    two.sync_both().await;
    let before = two.all().await;
    let old = made("Ankara", Shape::PreSync, Size::before_sync(), 1);
    let other = Pc::with_token(&two.world, "Ankara 2", "Ankara", NEW).await;
    other.send_file(&two.world, old.clone()).await;
    let all = two.all().await;
    assert!(all.holds(&before));
    assert_eq!(all.count("timesheets"), before.count("timesheets") + 37);
    // Put back on the very PC whose stock it is.
    two.ankara.send_file(&two.world, old).await;
    assert!(two.all().await.holds(&all));
}

/// Tombstones that the program never wrote: of every table, also such as nobody may delete from, under every number.
#[tokio::test]
async fn crafted_tombstones_delete_nothing_of_others_and_nothing_that_is_still_there() {
    let two = offices().await;
    two.sync_both().await;
    let (before, istanbul) = (two.all().await, two.istanbul.book());
    let users: i64 = two.istanbul.value("select count(*) from users");
    two.ankara.craft(
        "with recursive numbers(number) as (select 1 union all select number + 1 from numbers where number < 50)
         insert into deleted_records (table_name, record_id, deleted_at)
         select name, number, '2026-01-24T10:00:00.000001' from numbers, (select name from sqlite_master where type = 'table'
         union all select 'denk_rows' union all select 'users; drop table users; --')",
    );
    for _ in 0..2 {
        two.sync_both().await;
        assert_eq!(two.all().await, before, "what a file still holds is not deleted, whatever its notes say");
        assert_eq!(two.istanbul.book(), istanbul);
    }
    assert_eq!(two.istanbul.value::<i64>("select count(*) from users"), users);
    assert!(two.ankara.value::<i64>("select count(*) from users") > 0);
}

#[tokio::test]
async fn a_tombstone_of_a_table_that_is_not_there_stops_no_upload() {
    let two = offices().await;
    two.sync_both().await;
    for name in ["", "nothing", "Çalışanlar", "sqlite_master", "x'; drop table employees; --"] {
        let note = format!(
            "insert into deleted_records (table_name, record_id, deleted_at) values ('{}', 1, 'gestern')",
            name.replace('\'', "''")
        );
        two.ankara.craft(&note);
    }
    two.ankara.add_person("Yeni Kişi");
    let told = two.ankara.sync(&two.world).await;
    assert_eq!(told["tables"]["employees"]["inserted"], 1, "{told:#}");
    assert!(two.all().await.has("employees", &["Yeni Kişi"]));
    // And the deletion after them is one.
    two.ankara.desktop.delete(Record::Timesheet, 2).unwrap();
    two.sync_both().await;
    assert_eq!(two.all().await.count("timesheets"), 4);
}

#[tokio::test]
async fn the_same_plate_under_another_number_keeps_its_faults() {
    let two = offices().await;
    two.sync_both().await;
    // The other PC of Ankara entered it on its own, as its third vehicle.
    let second = Pc::with_token(&two.world, "Ankara 2", "Ankara", NEW).await;
    for plate in ["99 AA 1", "99 AA 2", "99 Ankara 1"] {
        second.desktop.save_vehicle(None, &vehicle(plate)).unwrap();
    }
    let fault = Fault { vehicle_id: 3, title: "Klima", ..FAULT };
    second.desktop.save_fault(None, &fault).unwrap();
    for pc in [&second, &two.ankara, &second] {
        pc.sync(&two.world).await;
        let all = two.all().await;
        assert_eq!(all.count("vehicles"), 4, "three of Ankara, one of Istanbul");
        for title in ["Fren balatası", "Klima"] {
            assert!(all.has("vehicle_faults", &["plate: 99 Ankara 1", title]), "{title}");
        }
    }
    assert_eq!(second.book(), two.ankara.book());
    assert_eq!(
        second.value::<i64>("select id from vehicles where plate = '99 Ankara 1'"),
        3,
        "its own number"
    );
}

#[tokio::test]
async fn hours_of_a_deleted_person_do_not_come_back_from_another_pc() {
    let two = offices().await;
    two.sync_both().await;
    let second = Pc::with_token(&two.world, "Ankara 2", "Ankara", NEW).await;
    second.sync(&two.world).await;
    assert_eq!(second.book(), two.ankara.book());
    two.ankara.desktop.delete(Record::Employee, 2).unwrap();
    two.ankara.sync(&two.world).await;
    for pc in [&second, &two.ankara, &second] {
        pc.sync(&two.world).await;
        assert!(!pc.book().has("employees", &["Kişi 2"]) && !pc.book().has("timesheets", &["2026-01-22"]));
    }
    let all = two.all().await;
    assert_eq!((all.count("employees"), all.count("timesheets")), (4, 4));
    assert!(all.has("timesheets", &["Istanbul Kişi 2", "2026-01-22"]));
}

#[tokio::test]
async fn one_deletion_is_enough_whatever_leaves_no_tombstone() {
    let two = offices().await;
    let form = Inspection {
        vehicle_id: 1,
        inspection_date: "2026-01-21",
        fault_id: Some(1),
        ..Inspection::default()
    };
    two.ankara.desktop.add_inspection(&form).unwrap();
    let visit = ServiceVisit {
        vehicle_id: 1,
        fault_id: Some(1),
        start_date: "2026-01-22",
        ..ServiceVisit::default()
    };
    two.ankara.desktop.save_service_visit(None, &visit).unwrap();
    let template = ShiftTemplate { name: "Gece", start_time: "22:00", end_time: "06:00", break_minutes: 30 };
    let template = two.ankara.desktop.save_shift_template(&template).unwrap();
    two.sync_both().await;
    let second = Pc::with_token(&two.world, "Ankara 2", "Ankara", NEW).await;
    second.sync(&two.world).await;
    assert_eq!(second.book().count("vehicle_inspection_results"), 9);
    two.ankara.desktop.delete_shift_template(template).unwrap();
    two.ankara.desktop.upload_stock("Ankara", &[]).unwrap();
    // With its fault, its check with nine results, and its visit.
    two.ankara.desktop.delete(Record::Vehicle, 1).unwrap();
    for pc in [&two.ankara, &second, &two.istanbul, &two.ankara, &second] {
        pc.sync(&two.world).await;
    }
    for book in [two.ankara.book(), second.book()] {
        let left = ["vehicles", "vehicle_faults", "vehicle_inspections", "vehicle_inspection_results"];
        assert!(left.iter().all(|table| book.count(table) == 0), "{book:#?}");
        assert_eq!(book.count("vehicle_service_visits") + book.count("stock_inventory"), 0);
        assert!(!book.has("shift_templates", &["Gece"]));
    }
    assert_eq!(two.all().await.count("vehicles"), 1, "Istanbul's");
}

#[tokio::test]
async fn a_sync_lowers_no_table_of_an_office_with_everything() {
    let world = hub().await;
    let size = Size { timesheets: 200, inspections: 30, now: Size::small().now, ..Size::year() };
    let pc = Pc::with_token(&world, "Ankara PC", "Ankara", &made("Ankara", Shape::Live, size, 1)).await;
    let before = pc.book();
    assert!(testkit::office::TABLES.iter().all(|table| before.count(table) > 0), "{before:#?}");
    let own = "select (select count(*) from settings) || ' ' || (select count(*) from users) || ' ' || (select count(*) from reports)";
    let counts: String = pc.value(own);
    for _ in 0..2 {
        pc.sync(&world).await;
        assert!(pc.book() == before);
        assert_eq!(pc.value::<String>(own), counts);
    }
}

#[tokio::test]
async fn a_stale_file_does_not_put_back_what_others_changed_since() {
    let two = offices().await;
    two.sync_both().await;
    let second = Pc::with_token(&two.world, "Ankara 2", "Ankara", NEW).await;
    second.sync(&two.world).await;
    let form = Employee { full_name: "Ankara Kişi 1", title: "Şef", ..Employee::default() };
    two.ankara.desktop.save_employee(Some(1), &form).unwrap();
    two.ankara.sync(&two.world).await;
    // The other one has not fetched since, and changed something else.
    second.add_person("Yeni Kişi");
    let told = second.sync(&two.world).await;
    assert_eq!((changes(&told), &told["conflicts"]), (1, &0.into()), "{told:#}");
    assert!(second.book().has("employees", &["Ankara Kişi 1", "Şef"]));
    assert!(two.all().await.has("employees", &["Ankara Kişi 1", "Şef"]));
}

/// Columns of old files stand in other orders: `is_special` and `notes` changed places in the old server's own copy.
#[tokio::test]
async fn columns_are_known_by_their_names() {
    let world = hub().await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    for (shape, seed) in
        [(Shape::PreSync, 1), (Shape::GuideMigrated, 2), (Shape::D2Fresh, 3), (Shape::Live, 4)]
    {
        let size = if shape == Shape::PreSync { Size::before_sync() } else { Size::small() };
        let pc = Pc::with_token(&world, shape.name(), "Ankara", &made("Ankara", shape, size, seed)).await;
        let person = pc.add_person(&format!("Kişi {seed}"));
        let form = testkit::office::Timesheet {
            employee_id: person,
            work_date: "2026-01-30",
            is_special: true,
            notes: "bayram",
            ..Default::default()
        };
        pc.desktop.save_timesheet(None, &form).unwrap();
        pc.sync(&world).await;
        let all = headquarters.sees(&world).await;
        let words = [format!("Kişi {seed}"), "is_special: 1".to_owned(), "notes: bayram".to_owned()];
        assert!(all.has("timesheets", &words.each_ref().map(String::as_str)), "{}", shape.name());
        assert_eq!(
            pc.value::<String>("select notes || is_special from timesheets where notes = 'bayram'"),
            "bayram1"
        );
    }
}
