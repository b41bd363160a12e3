//! Regions: who may write what, and rows that say none.

use testkit::office::{Employee, Inspection, Shape, Size, Timesheet, Vehicle};

use crate::{
    agents::{batch, employee, gid, push, text, update},
    lab::{Book, Pc, on_both, value},
};

on_both! {
    async fn a_write_into_another_region_is_refused_and_set_back(lab) {
        let mut bursa = lab.pc("Bursa 1", "Bursa", 2).await;
        let ankara = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&bursa).await;
        lab.sync(&ankara).await;
        let before = lab.all().await;
        // The old program says Ankara whoever uses it: here it gives a row away.
        bursa.desktop.region = "Ankara".to_owned();
        let id: i64 = value(&bursa, "select min(id) from employees");
        let name: String = value(&bursa, "select full_name from employees order by id");
        bursa.desktop.save_employee(Some(id), &Employee { full_name: &name, title: "Şef", ..Employee::default() }).unwrap();
        let new = bursa.desktop.save_employee(None, &Employee { full_name: "Yabancı Kişi", ..Employee::default() }).unwrap();
        let receipt = lab.send(&bursa).await.unwrap();
        assert_eq!(receipt.tables["employees"].refused, 2);
        assert_eq!(receipt.reasons.iter().filter(|reason| reason.reason == "region").count(), 2);
        assert_eq!(lab.all().await, before);
        lab.send(&bursa).await.unwrap();
        let alerts = lab.store.alerts().await.unwrap();
        let told: Vec<_> = alerts.iter().filter(|alert| alert.kind == "region").collect();
        assert_eq!((told.len(), told[0].rows, &told[0].what), (1, 2, &format!("employees: {id}, {new}")), "told once");
        let refused = |line: &&store::RecentChange| line.action == "refused";
        let history = lab.store.recent(&merge::Region::All, 1_000).await.unwrap();
        let said: Vec<_> = history.iter().filter(refused).map(|line| line.after.as_ref().unwrap()["full_name"].clone()).collect();
        assert_eq!((said.len(), said.contains(&"Yabancı Kişi".into())), (2, true), "the history keeps what it said, once");
        lab.fetch(&bursa).await;
        assert_eq!(value::<String>(&bursa, "select region from employees order by id"), "Bursa");
        assert!(!Book::of(&bursa).has("employees", "Yabancı Kişi"));
        assert_eq!(lab.send(&bursa).await.unwrap().tables["employees"].refused, 0);
        assert_eq!(lab.all().await, before);
        // It happens again after it was away: it is told again.
        bursa.desktop.save_employee(None, &Employee { full_name: "Yabancı Kişi", ..Employee::default() }).unwrap();
        lab.send(&bursa).await.unwrap();
        assert_eq!(lab.store.alerts().await.unwrap().iter().filter(|alert| alert.kind == "region").count(), 2);
    }

    async fn headquarters_may_write_everywhere(lab) {
        let bursa = lab.pc("Bursa 1", "Bursa", 2).await;
        lab.sync(&bursa).await;
        let mut center = lab.empty_pc("Merkez", "Bursa").await;
        center.device = lab.site("Merkez PC", "*").await;
        lab.sync(&center).await;
        let id: i64 = value(&center, "select min(id) from employees");
        let name: String = value(&center, "select full_name from employees order by id");
        center.desktop.save_employee(Some(id), &Employee { full_name: &name, title: "Müdür", ..Employee::default() }).unwrap();
        let receipt = lab.sync(&center).await;
        assert_eq!((receipt.tables["employees"].updated, receipt.tables["employees"].refused), (1, 0));
        lab.sync(&bursa).await;
        assert!(Book::of(&bursa).has("employees", "Müdür"));
    }

    async fn blank_regions_are_repaired_with_the_sites_own(lab) {
        let device = lab.site("Bursa 1", "Bursa").await;
        // People without a region, as the second generation leaves them in an upgraded file.
        let pc = lab.pc_of(device, "Bursa", 1, Shape::D2Upgraded, Size::before_sync());
        let blank: i64 = value(&pc, "select count(*) from employees where region is null");
        assert!(blank > 0);
        let receipt = lab.send(&pc).await.unwrap();
        assert!(receipt.repaired >= usize::try_from(blank).unwrap(), "{receipt:?}");
        assert_eq!(receipt.tables["employees"].refused, 0);
        assert!(lab.all().await.table("employees").iter().all(|row| row.ends_with("|Bursa")));
        lab.fetch(&pc).await;
        assert_eq!(value::<i64>(&pc, "select count(*) from employees where region = 'Bursa'"), blank);
        // Nothing more happens: a repaired row is not an edit of the PC.
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!(receipt.tables["employees"].updated + receipt.tables["timesheets"].updated, 0);
    }

    async fn a_row_of_the_region_brings_the_parent_that_it_needs(lab) {
        let ankara = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&ankara).await;
        let mut center = lab.empty_pc("Merkez", "Bursa").await;
        center.device = lab.site("Merkez PC", "*").await;
        lab.sync(&center).await;
        // Headquarters notes a day for Bursa of somebody from Ankara.
        let id: i64 = value(&center, "select min(id) from employees");
        let sheet = Timesheet { employee_id: id, work_date: "2026-02-02", ..Timesheet::default() };
        center.desktop.save_timesheet(None, &sheet).unwrap();
        lab.sync(&center).await;
        let bursa = lab.empty_pc("Bursa 1", "Bursa").await;
        lab.sync(&bursa).await;
        let book = Book::of(&bursa);
        assert_eq!((book.count("timesheets"), book.count("employees")), (1, 1));
        assert_eq!(lab.send(&bursa).await.unwrap().tables["employees"].refused, 0);
    }

    async fn one_plate_in_two_regions_is_two_vehicles_each_with_its_own_checks(lab) {
        let ankara = lab.pc("Ankara 1", "Ankara", 1).await;
        ankara.desktop.save_vehicle(None, &Vehicle { plate: "00 TST 001", ..Vehicle::default() }).unwrap();
        lab.sync(&ankara).await;
        // Made by the second generation: its checks say no region.
        let bursa = lab.empty_pc("Bursa 1", "Bursa").await;
        assert!(!value::<String>(&bursa, "select sql from sqlite_master where name = 'vehicle_inspections'").contains("region"));
        bursa.desktop.save_vehicle(None, &Vehicle { plate: "00 TST 002", ..Vehicle::default() }).unwrap();
        let id = bursa.desktop.save_vehicle(None, &Vehicle { plate: "00 TST 001", ..Vehicle::default() }).unwrap();
        let check = Inspection { vehicle_id: id, inspection_date: "2026-01-30", km: 12, ..Inspection::default() };
        bursa.desktop.add_inspection(&check).unwrap();
        let typed = Book::of(&bursa);
        let receipt = lab.sync(&bursa).await;
        let refused: usize = receipt.tables.values().map(|told| told.refused).sum();
        assert_eq!((refused, receipt.tables["vehicle_inspection_results"].inserted), (0, 9), "{receipt:?}");
        assert_eq!(Book::of(&bursa), typed, "nothing leaves the file");
        let told = |kind: &str| receipt.reasons.iter().filter(|reason| reason.reason == kind).count();
        assert_eq!(told("namesake"), 0, "what another region has is told to headquarters alone: {:?}", receipt.reasons);
        let alerts = lab.store.alerts().await.unwrap();
        let namesakes: Vec<_> = alerts.iter().filter(|alert| alert.kind == "namesake").collect();
        assert_eq!((namesakes.len(), namesakes[0].rows, namesakes[0].site), (1, 1, bursa.device.site.0));
        assert_eq!(namesakes[0].what, format!("vehicles: {id}"));
        let all = lab.all().await;
        assert_eq!((all.count("vehicles"), all.count("vehicle_inspection_results")), (3, 9));
        for pc in [&ankara, &bursa] {
            lab.sync(pc).await;
        }
        assert_eq!((Book::of(&bursa), Book::of(&ankara).count("vehicle_inspection_results")), (typed, 0));
        assert_eq!(lab.store.alerts().await.unwrap().len(), alerts.len(), "told once");
    }

    async fn what_was_typed_under_a_row_that_went_to_another_region_is_refused_told_and_kept(lab) {
        let bursa = lab.empty_pc("Bursa 1", "Bursa").await;
        let id = bursa.desktop.save_vehicle(None, &Vehicle { plate: "00 TST 001", ..Vehicle::default() }).unwrap();
        lab.send(&bursa).await.unwrap();
        let mut center = lab.empty_pc("Merkez", "Ankara").await;
        center.device = lab.site("Merkez PC", "*").await;
        lab.sync(&center).await;
        let there: i64 = value(&center, "select id from vehicles");
        center.desktop.save_vehicle(Some(there), &Vehicle { plate: "00 TST 001", ..Vehicle::default() }).unwrap();
        lab.sync(&center).await;
        assert!(lab.all().await.has("vehicles", "Ankara"));
        let check = Inspection { vehicle_id: id, inspection_date: "2026-01-30", notes: "Lastik", ..Inspection::default() };
        bursa.desktop.add_inspection(&check).unwrap();
        for _ in 0..2 {
            let receipt = lab.send(&bursa).await.unwrap();
            assert_eq!((receipt.tables["vehicle_inspections"].refused, receipt.tables["vehicle_inspection_results"].refused), (1, 9));
        }
        let history = lab.store.recent(&merge::Region::All, 1_000).await.unwrap();
        let kept = |table: &str| history.iter().filter(|line| line.action == "refused" && line.table == table).map(|line| line.after.clone().unwrap()).collect::<Vec<_>>();
        assert_eq!(kept("vehicle_inspections").len(), 1, "what it said stays in the history, once");
        assert_eq!(kept("vehicle_inspections")[0]["notes"], "Lastik");
        assert_eq!(kept("vehicle_inspection_results").len(), 9);
        let alerts = lab.store.alerts().await.unwrap();
        let told: Vec<_> = alerts.iter().filter(|alert| alert.site == bursa.device.site.0).map(|alert| (alert.kind.as_str(), alert.rows)).collect();
        assert!(told.contains(&("region", 1)) && told.contains(&("orphan", 9)), "{told:?}");
    }

    async fn a_check_outside_ankara_is_not_refused_for_the_columns_default(lab) {
        let device = lab.site("Bursa 1", "Bursa").await;
        let pc = lab.pc_of(device, "Bursa", 2, Shape::Live, Size::small());
        let id = pc.desktop.save_vehicle(None, &Vehicle { plate: "00 TST 001", ..Vehicle::default() }).unwrap();
        // The second generation does not name the column: the file's default stands there.
        let check = Inspection { vehicle_id: id, inspection_date: "2026-01-30", ..Inspection::default() };
        pc.desktop.add_inspection(&check).unwrap();
        assert_eq!(value::<String>(&pc, "select region from vehicle_inspections"), "Ankara");
        let receipt = lab.sync(&pc).await;
        assert_eq!((receipt.tables["vehicle_inspections"].refused, receipt.tables["vehicle_inspections"].repaired), (0, 1));
        assert_eq!(receipt.tables["vehicle_inspection_results"].inserted, 9);
        assert_eq!(value::<String>(&pc, "select region from vehicle_inspections"), "Bursa");
        assert!(lab.store.alerts().await.unwrap().is_empty());
    }

    async fn a_namesake_of_another_region_under_the_same_number_is_another_person(lab) {
        let first = |pc: &Pc, number: &str| {
            let form = Employee { full_name: "Ayşe Öz", identity_no: number, department: "Depo", title: "Usta" };
            let id = pc.desktop.save_employee(None, &form).unwrap();
            let sheet = Timesheet { employee_id: id, work_date: "2026-01-20", start_time: "09:00", ..Timesheet::default() };
            pc.desktop.save_timesheet(None, &sheet).unwrap();
        };
        for (at, (region, number)) in [("Ankara", "111"), ("Bursa", "999"), ("Konya", ""), ("Kars", "")].into_iter().enumerate() {
            let pc = lab.empty_pc(&format!("{region} 1"), region).await;
            first(&pc, number);
            let receipt = lab.send(&pc).await.unwrap();
            assert!(receipt.reasons.is_empty(), "{region} {:?}", receipt.reasons);
            let all = lab.all().await;
            assert_eq!((all.count("employees"), all.count("timesheets")), (at + 1, at + 1), "{region}");
            lab.fetch(&pc).await;
            assert_eq!(Book::of(&pc).count("timesheets"), 1, "and its hours are there");
        }
    }

    async fn an_old_file_that_is_imported_changes_nothing_that_stands(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let old = pc.desktop.upload().unwrap();
        let sql = "update employees set department = 'Yeni bölüm' where id < 4";
        rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(sql).unwrap();
        lab.sync(&pc).await;
        lab.sync(&pc).await;
        let all = lab.all().await;
        for device in [lab.store.shared_device("Ankara").await.unwrap(), lab.site("Ankara 2", "Ankara").await] {
            let receipt = lab.send_bytes(&device, &old).await.unwrap();
            assert!(receipt.conflicts > 0, "what it says is kept");
            assert!(lab.all().await.holds(&all));
        }
    }

    async fn the_last_entry_of_a_region_is_what_its_own_pcs_wrote(lab) {
        let [ankara, bursa, center] = [
            lab.site("Ankara 1", "Ankara").await,
            lab.site("Bursa 1", "Bursa").await,
            lab.site("Merkez PC", "*").await,
        ];
        let entries = async || {
            let status = lab.store.status().await.unwrap();
            ["Ankara", "Bursa"].map(|region| status.regions.get(region).and_then(|count| count.last_entry_ms))
        };
        let now = || Some(lab.clock.load(std::sync::atomic::Ordering::Relaxed));
        let titled = |seen, title| vec![update("employees", (gid(1), seen), [("title", text(title))])];
        // Headquarters enters somebody: the office has said nothing so far.
        let seen = push(&lab, &center, batch(1, 0, vec![employee(1, "Kişi Bir", "Ankara")])).await.to;
        assert_eq!(entries().await, [None, None]);
        lab.pass(60);
        let seen = push(&lab, &ankara, batch(1, seen, titled(seen, "Usta"))).await.to;
        let last = now();
        assert_eq!(entries().await, [last, None]);
        // Whatever others do to the region's rows later, by hand or by an agent: the office was not heard of again.
        lab.pass(86_400);
        let seen = push(&lab, &center, batch(2, seen, titled(seen, "Kalfa"))).await.to;
        push(&lab, &bursa, batch(1, seen, titled(seen, "Bursa"))).await;
        let admin = store::Viewer::new(store::Role::Admin, merge::Region::All);
        lab.store.erase((&admin, "ayse"), (0, &gid(1).to_string()), "istek").await.unwrap();
        assert_eq!(entries().await, [last, None]);
        push(&lab, &bursa, batch(2, seen, vec![employee(2, "Kişi İki", "Bursa")])).await;
        assert_eq!(entries().await, [last, now()]);
    }
}
