//! The five tests of the guide, and what the old server did wrong.

use testkit::office::{Employee, Fault, Product, Record, Shape, Size, Timesheet, Vehicle};

use crate::lab::{Book, on_both, value};

fn worker(name: &str) -> Employee<'_> {
    Employee { full_name: name, ..Employee::default() }
}

fn day(employee_id: i64, date: &str) -> Timesheet<'_> {
    Timesheet { employee_id, work_date: date, ..Timesheet::default() }
}

on_both! {
    async fn one_pc_adds_a_timesheet_and_the_hub_shows_it(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let employee = pc.desktop.save_employee(None, &worker("Yeni Çalışan")).unwrap();
        pc.desktop.save_timesheet(None, &day(employee, "2026-01-25")).unwrap();
        let receipt = lab.sync(&pc).await;
        assert_eq!((receipt.tables["employees"].inserted, receipt.tables["timesheets"].inserted), (1, 1));
        assert!(lab.all().await.has("timesheets", "Yeni Çalışan|2026-01-25"));
        assert_eq!(lab.all().await.rows(), Book::of(&pc).rows());
    }

    async fn two_pcs_of_one_region_see_each_others_new_people(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&first).await;
        lab.sync(&second).await;
        first.desktop.save_employee(None, &worker("Birinci Kişi")).unwrap();
        second.desktop.save_employee(None, &worker("İkinci Kişi")).unwrap();
        lab.sync(&first).await;
        lab.sync(&second).await;
        lab.sync(&first).await;
        assert_eq!(Book::of(&first), Book::of(&second));
        assert!(Book::of(&first).has("employees", "Birinci Kişi") && Book::of(&first).has("employees", "İkinci Kişi"));
    }

    async fn at_the_same_moment_in_different_regions_both_survive(lab) {
        let ankara = lab.pc("Ankara 1", "Ankara", 1).await;
        let bursa = lab.pc("Bursa 1", "Bursa", 2).await;
        let (a, b) = tokio::join!(lab.send(&ankara), lab.send(&bursa));
        assert_eq!(a.unwrap().tables["timesheets"].inserted + b.unwrap().tables["timesheets"].inserted, 152);
        let all = lab.all().await;
        assert!(all.holds(&Book::of(&ankara)) && all.holds(&Book::of(&bursa)));
        assert_eq!(all.rows(), Book::of(&ankara).rows() + Book::of(&bursa).rows());
    }

    async fn headquarters_sees_all_regions_and_their_counts(lab) {
        for (at, region) in ["Ankara", "Bursa", "İzmir"].into_iter().enumerate() {
            let pc = lab.pc(region, region, at as u64 + 1).await;
            lab.sync(&pc).await;
            assert_eq!(Book::of(&pc).count("timesheets"), 76, "an office sees only its own");
        }
        let all = lab.all().await;
        assert_eq!((all.count("employees"), all.count("timesheets")), (27, 228));
        let status = lab.store.status().await.unwrap();
        assert_eq!((status.tables["employees"], status.tables["timesheets"]), (27, 228));
        assert_eq!(status.tables["vehicle_service_visits"], 0);
        assert_eq!(status.regions["İzmir"].tables["timesheets"], 76);
        assert!(status.regions["Bursa"].last_entry_ms.is_some());
        let recent = lab.store.recent(&merge::Region::All, 5).await.unwrap();
        assert_eq!(recent.len(), 5);
        assert_eq!((recent[0].region.as_deref(), recent[0].action.as_str()), (Some("İzmir"), "insert"));
        assert!(recent.is_sorted_by(|a, b| a.rev >= b.rev));
    }

    async fn what_was_entered_off_line_arrives_later_and_loses_nothing_of_the_others(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&first).await;
        lab.sync(&second).await;
        // A week off line, while the other one works on.
        for day in 1..8 {
            let date = format!("2026-02-0{day}");
            second.desktop.save_timesheet(None, &self::day(1 + day, &date)).unwrap();
            let id: i64 = value(&first, "select min(id) from employees");
            first.desktop.save_timesheet(None, &self::day(id, &date)).unwrap();
            lab.sync(&first).await;
        }
        let before = lab.all().await.count("timesheets");
        lab.sync(&second).await;
        lab.sync(&first).await;
        assert_eq!(lab.all().await.count("timesheets"), before + 7);
        assert_eq!(Book::of(&first), Book::of(&second));
    }

    async fn two_offices_with_the_same_small_ids_keep_their_people_hours_cars_and_stock(lab) {
        let ankara = lab.empty_pc("Ankara 1", "Ankara").await;
        let istanbul = lab.empty_pc("Istanbul 1", "Istanbul").await;
        for (pc, tag, people) in [(&ankara, "Ank", 3), (&istanbul, "İst", 2)] {
            for at in 1..=people {
                let name = format!("{tag} Kişi {at}");
                let id = pc.desktop.save_employee(None, &worker(&name)).unwrap();
                assert_eq!(id, at, "both offices count from 1");
                pc.desktop.save_timesheet(None, &day(id, "2026-01-20")).unwrap();
            }
            let plate = format!("06 {tag} 01");
            pc.desktop.save_vehicle(None, &Vehicle { plate: &plate, ..Vehicle::default() }).unwrap();
        }
        let fault = Fault { vehicle_id: 1, title: "Fren", status: "Acik", ..Fault::default() };
        ankara.desktop.save_fault(None, &fault).unwrap();
        let stock = Product { code: "F1", name: "Filtre", serials: &["SN-1"] };
        ankara.desktop.upload_stock("Ankara", &[stock]).unwrap();
        ankara.desktop.save_setting("sync_enabled", "1").unwrap();
        let (before, other) = (Book::of(&ankara), Book::of(&istanbul));
        for _ in 0..3 {
            lab.sync(&ankara).await;
            lab.sync(&istanbul).await;
        }
        assert_eq!((Book::of(&ankara), Book::of(&istanbul)), (before.clone(), other.clone()));
        assert_eq!(value::<String>(&ankara, "select value from settings where key = 'sync_enabled'"), "1");
        // Ankara deletes its timesheet 1: Istanbul's timesheet 1 is another one.
        ankara.desktop.delete(Record::Timesheet, 1).unwrap();
        lab.sync(&ankara).await;
        lab.sync(&istanbul).await;
        assert_eq!(Book::of(&istanbul), other);
        assert_eq!(lab.all().await.count("timesheets"), 4);
        // And the id is not barred: the next one comes through.
        ankara.desktop.save_timesheet(None, &day(1, "2026-01-21")).unwrap();
        lab.sync(&ankara).await;
        assert!(lab.all().await.has("timesheets", "Ank Kişi 1|2026-01-21"));
    }

    async fn an_old_file_of_five_tables_empties_nothing(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let before = lab.all().await;
        assert!(before.count("stock_inventory") > 0);
        let old = lab.pc_of(pc.device.clone(), "Ankara", 1, Shape::PreSync, Size::before_sync());
        lab.send(&old).await.unwrap();
        assert_eq!(lab.all().await.table("stock_inventory"), before.table("stock_inventory"));
        assert!(lab.all().await.holds(&before));
    }
}
