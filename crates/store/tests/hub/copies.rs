//! Copies of one file, and several PCs behind one key.

use testkit::office::{Driver, Employee, Fault, Inspection, Record, Shape, Size, Timesheet, Vehicle};

use crate::lab::{Book, Lab, Pc, on_both, value};

fn worker(name: &str) -> Employee<'_> {
    Employee { full_name: name, ..Employee::default() }
}

fn person(pc: &Pc, known: Option<i64>, name: &str, number: &str) -> i64 {
    pc.desktop
        .save_employee(known, &Employee { full_name: name, identity_no: number, ..Employee::default() })
        .unwrap()
}

on_both! {
    async fn copies_of_one_file_multiply_nothing(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.send(&first).await.unwrap();
        let before = lab.all().await;
        for at in 2..6 {
            let device = lab.site(&format!("Ankara {at}"), "Ankara").await;
            let copy = lab.copy(&first, device, "Ankara");
            let receipt = lab.send(&copy).await.unwrap();
            assert_eq!(receipt.tables["timesheets"].inserted, 0);
        }
        assert_eq!(lab.all().await, before);
    }

    async fn a_copy_that_was_worked_on_adds_only_its_own_work(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.send(&first).await.unwrap();
        let before = lab.all().await;
        let copy = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        // Both go on from the same file and use the same next id for different people.
        let ids = [(&first, "Birinci Kişi"), (&copy, "İkinci Kişi")].map(|(pc, name)| {
            let id = pc.desktop.save_employee(None, &worker(name)).unwrap();
            let sheet = Timesheet { employee_id: id, work_date: "2026-01-30", ..Timesheet::default() };
            pc.desktop.save_timesheet(None, &sheet).unwrap();
            id
        });
        assert_eq!(ids[0], ids[1]);
        lab.send(&first).await.unwrap();
        lab.send(&copy).await.unwrap();
        let all = lab.all().await;
        assert_eq!(all.rows(), before.rows() + 4);
        assert!(all.has("timesheets", "Birinci Kişi|2026-01-30") && all.has("timesheets", "İkinci Kişi|2026-01-30"));
    }

    async fn a_copy_of_a_file_with_gaps_in_its_ids_multiplies_nothing(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let file = rusqlite::Connection::open(first.desktop.path()).unwrap();
        file.execute("update timesheets set id = -id * 97 where id % 2 = 0", []).unwrap();
        file.execute("update timesheets set id = id * 97 where id % 2 = 1", []).unwrap();
        drop(file);
        lab.send(&first).await.unwrap();
        let before = lab.all().await;
        let copy = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        let receipt = lab.send(&copy).await.unwrap();
        assert_eq!(receipt.tables["timesheets"].unchanged, before.count("timesheets"));
        assert_eq!(lab.all().await, before);
    }

    async fn a_copy_of_a_handed_out_file_is_told_and_deletes_nothing(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&first).await;
        let copy = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        let before = lab.all().await;
        let id: i64 = value(&copy, "select max(id) from timesheets");
        copy.desktop.delete(Record::Timesheet, id).unwrap();
        let receipt = lab.send(&copy).await.unwrap();
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "copy"), "{:?}", receipt.reasons);
        assert_eq!(lab.all().await, before);
        assert!(lab.store.alerts().await.unwrap().iter().any(|alert| alert.kind == "copy"));
        // From its own hand-out on it is a PC like any other.
        lab.fetch(&copy).await;
        let id: i64 = value(&copy, "select max(id) from timesheets");
        copy.desktop.delete(Record::Timesheet, id).unwrap();
        lab.send(&copy).await.unwrap();
        assert_eq!(lab.all().await.count("timesheets"), before.count("timesheets") - 1);
    }

    async fn behind_one_shared_key_nothing_is_deleted_by_absence(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        assert!(shared.shared);
        assert_eq!(lab.store.shared_device(" Ankara ").await.unwrap(), shared);
        let first = lab.pc_of(shared.clone(), "Ankara", 1, Shape::Live, Size::small());
        let second = lab.pc_of(shared.clone(), "Ankara", 2, Shape::Live, Size::small());
        lab.send(&first).await.unwrap();
        lab.send(&second).await.unwrap();
        let all = lab.all().await;
        assert_eq!(all.count("timesheets"), 152);
        let id: i64 = value(&first, "select max(id) from timesheets");
        first.desktop.delete(Record::Timesheet, id).unwrap();
        for pc in [&first, &second, &first, &second] {
            lab.send(pc).await.unwrap();
            assert_eq!(lab.all().await, all, "nothing goes, nothing multiplies");
        }
        // Also with hand-outs, which each PC gets with a mark of its own.
        for pc in [&first, &second, &first, &second] {
            lab.sync(pc).await;
            assert_eq!(lab.all().await, all);
        }
        let name = first.desktop.save_employee(None, &worker("Paylaşan Kişi")).unwrap();
        lab.sync(&first).await;
        lab.sync(&second).await;
        assert!(Book::of(&second).has("employees", "Paylaşan Kişi"));
        assert!(name > 0);
        assert_eq!(lab.all().await.rows(), all.rows() + 1);
    }

    async fn behind_one_key_who_is_given_a_file_of_everybodys_edits_like_others(lab) {
        let mut offices = Vec::new();
        for (region, seed) in [("Ankara", 1), ("Bursa", 2)] {
            let shared = lab.store.shared_device(region).await.unwrap();
            offices.push(lab.pc_of(shared, region, seed, Shape::Live, Size::small()));
        }
        for pc in &offices {
            lab.send(pc).await.unwrap();
        }
        // Both come from one address: it is not known whose file is asked for.
        for pc in &offices {
            let everybodys = lab.store.hand_out_to_stranger(&merge::Region::All).await.unwrap();
            pc.desktop.receive(&std::fs::read(everybodys.path).unwrap()).unwrap();
        }
        let before = lab.all().await;
        for (pc, region) in offices.iter().zip(["Ankara", "Bursa"]) {
            let of_region = format!("select min(id) from employees where region = '{region}'");
            for title in ["Usta", "Ustabaşı"] {
                let name: String = value(pc, &format!("select full_name from employees where id = ({of_region})"));
                let title = format!("{title} {region}");
                pc.desktop.save_employee(Some(value(pc, &of_region)), &Employee { full_name: &name, title: &title, ..Employee::default() }).unwrap();
                person(pc, None, &format!("Yeni {title}"), "");
                let receipt = lab.send(pc).await.unwrap();
                assert_eq!((receipt.conflicts, receipt.tables["employees"].inserted), (0, 1), "{:?}", receipt.reasons);
                assert!(lab.all().await.has("employees", &title));
            }
        }
        assert_eq!(lab.all().await.rows(), before.rows() + 4);
        assert!(lab.store.alerts().await.unwrap().iter().all(|alert| alert.kind != "copy"));
        for (pc, region) in offices.iter().zip(["Ankara", "Bursa"]) {
            let new = format!("select id from employees where full_name = 'Yeni Ustabaşı {region}'");
            let id: i64 = value(pc, &new);
            lab.fetch(pc).await;
            assert_eq!(value::<i64>(pc, &new), id, "and is given its own numbers, once it is known who asks");
            assert_eq!(lab.send(pc).await.unwrap().conflicts, 0);
        }
        assert_eq!(lab.all().await.rows(), before.rows() + 4);
    }

    async fn two_pcs_behind_one_key_that_took_the_same_file_do_not_undo_each_other(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        let first = lab.pc_of(shared.clone(), "Ankara", 1, Shape::Live, Size::small());
        lab.sync(&first).await;
        let second = lab.copy(&first, shared, "Ankara");
        first.desktop.save_employee(None, &worker("Ayten Birinci")).unwrap();
        second.desktop.save_employee(None, &worker("Cem Ötekisi")).unwrap();
        let before = lab.all().await.rows();
        for pc in [&first, &second, &first, &second] {
            lab.send(pc).await.unwrap();
        }
        let all = lab.all().await;
        assert_eq!(all.rows(), before + 2);
        assert!(all.has("employees", "Ayten Birinci") && all.has("employees", "Cem Ötekisi"));
    }

    async fn a_row_that_one_of_two_like_files_lacks_is_not_a_new_row_in_the_other(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        let first = lab.pc_of(shared.clone(), "Ankara", 1, Shape::Live, Size::small());
        let second = lab.copy(&first, shared, "Ankara");
        first.desktop.save_employee(None, &worker("Ayten Birinci")).unwrap();
        lab.send(&first).await.unwrap();
        let before = lab.all().await;
        second.desktop.save_setting("company_name", "Deneme").unwrap();
        second.desktop.save_setting("company_name", "Deneme 2").unwrap();
        for pc in [&second, &first, &second, &first] {
            lab.send(pc).await.unwrap();
            assert_eq!(lab.all().await, before);
        }
    }

    async fn a_restored_file_that_counts_more_changes_than_the_lost_one_deletes_nothing(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let backup = pc.desktop.upload().unwrap();
        for at in 0..5 {
            pc.desktop.save_employee(None, &worker(&format!("Yeni {at}"))).unwrap();
        }
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        std::fs::write(pc.desktop.path(), &backup).unwrap();
        for at in 0..20 {
            pc.desktop.save_setting("company_name", &at.to_string()).unwrap();
        }
        for _ in 0..2 {
            let receipt = lab.send(&pc).await.unwrap();
            assert!(receipt.reasons.iter().any(|reason| reason.reason == "older_file"), "{:?}", receipt.reasons);
            assert_eq!(lab.all().await, before);
            pc.desktop.save_setting("report_title", "Rapor").unwrap();
        }
        lab.sync(&pc).await;
        assert_eq!(Book::of(&pc).count("employees"), before.count("employees"), "they come back to the PC");
    }

    async fn a_restored_file_with_a_new_day_does_not_bring_back_the_deleted_person(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let backup = pc.desktop.upload().unwrap();
        let employee: i64 = value(&pc, "select min(id) from employees");
        pc.desktop.delete(Record::Employee, employee).unwrap();
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        std::fs::write(pc.desktop.path(), &backup).unwrap();
        let form = Timesheet { employee_id: employee, work_date: "2026-01-29", ..Timesheet::default() };
        pc.desktop.save_timesheet(None, &form).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        let told: Vec<_> = receipt.reasons.iter().map(|reason| reason.reason.as_str()).collect();
        assert!(told.contains(&"fallen"), "{told:?}");
        assert_eq!((lab.all().await, receipt.tables["timesheets"].inserted), (before, 0));
    }

    async fn a_restored_older_file_deletes_nothing(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let backup = pc.desktop.upload().unwrap();
        for at in 0..3 {
            pc.desktop.save_employee(None, &worker(&format!("Yeni {at}"))).unwrap();
        }
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        let receipt = lab.send_bytes(&pc.device, &backup).await.unwrap();
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "older_file"), "{:?}", receipt.reasons);
        assert_eq!(lab.all().await, before);
        // The PC works on with the restored file: its next ids are those that the hub has already seen used.
        std::fs::write(pc.desktop.path(), &backup).unwrap();
        for at in 0..6 {
            pc.desktop.save_employee(None, &worker(&format!("Başka {at}"))).unwrap();
        }
        lab.send(&pc).await.unwrap();
        let all = lab.all().await;
        assert!(all.holds(&before), "nothing that was there is gone");
        assert_eq!(all.count("employees"), before.count("employees") + 6);
    }

    async fn behind_one_key_what_all_offices_share_does_not_tell_which_pc_it_is(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        let pcs: Vec<Pc> = (1..3).map(|seed| lab.pc_of(shared.clone(), "Ankara", seed, Shape::Live, Size::small())).collect();
        let company = |pc: &Pc| value::<String>(pc, "select value from settings where key = 'company_name'");
        for (at, pc) in pcs.iter().enumerate() {
            pc.desktop.save_setting("company_name", &format!("Şube {at}")).unwrap();
            lab.send(pc).await.unwrap();
        }
        // Each goes on with its own: the same next number, another person, and its own settings come back.
        let before = lab.all().await.rows();
        let names = ["Ayten Birinci", "Cem İkinci"];
        for (pc, name) in pcs.iter().zip(names) {
            pc.desktop.save_employee(None, &worker(name)).unwrap();
        }
        for pc in [&pcs[1], &pcs[0], &pcs[1]] {
            lab.send(pc).await.unwrap();
        }
        assert_eq!(lab.all().await.rows(), before + 2);
        for (at, (pc, name)) in pcs.iter().zip(names).enumerate() {
            let id: i64 = value(pc, &format!("select id from employees where full_name = '{name}'"));
            let receipt = lab.sync(pc).await;
            assert_eq!(receipt.tables["employees"].inserted + receipt.tables["employees"].updated, 0);
            assert_eq!(company(pc), format!("Şube {at}"));
            assert_eq!(value::<i64>(pc, &format!("select id from employees where full_name = '{name}'")), id, "under its own number");
        }
        assert_eq!(lab.all().await.rows(), before + 2);
        assert!(lab.store.alerts().await.unwrap().is_empty(), "nobody's id seems to hold something else");
    }

    async fn behind_one_key_a_file_goes_on_from_what_it_has_most_in_common_with(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        // A PC that has only what everybody has, sent last, fits every file as far as that goes.
        let first = lab.pc_of(shared.clone(), "Ankara", 1, Shape::Live, Size::small());
        let empty = Pc { device: shared, ..lab.empty_pc("Boş", "Ankara").await };
        lab.send(&empty).await.unwrap();
        lab.send(&first).await.unwrap();
        lab.send(&empty).await.unwrap();
        let before = lab.all().await.rows();
        for round in 0..3 {
            first.desktop.save_employee(None, &worker(&format!("Ayten {round}"))).unwrap();
            for pc in [&empty, &first] {
                lab.send(pc).await.unwrap();
            }
            assert_eq!(lab.all().await.rows(), before + round + 1);
        }
        let id: i64 = value(&first, "select id from employees where full_name = 'Ayten 2'");
        lab.sync(&first).await;
        assert_eq!(value::<i64>(&first, "select id from employees where full_name = 'Ayten 2'"), id);
    }

    async fn a_stale_file_that_comes_with_a_new_token_loses_and_is_kept(lab) {
        for tagged in [false, true] {
            let name = format!("Ankara {tagged}");
            let pc = lab.pc(&name, "Ankara", 1 + u64::from(tagged)).await;
            lab.send(&pc).await.unwrap();
            if tagged {
                lab.fetch(&pc).await;
            }
            let (stale, before) = entitled(&pc, "Bölge Sorumlusu");
            lab.send(&pc).await.unwrap();
            lab.store.revoke_site(&name).await.unwrap();
            // The PC is set up anew, from its file of the morning.
            let old = Pc { device: lab.site(&format!("{name} yeni"), "Ankara").await, desktop: pc.desktop };
            std::fs::write(old.desktop.path(), stale).unwrap();
            let count = lab.all().await.rows();
            lost(&lab, &old, (&before, "Bölge Sorumlusu")).await;
            assert_eq!(lab.all().await.rows(), count, "and nothing multiplies");
        }
    }

    async fn a_stale_file_that_is_imported_loses_and_is_kept(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let (stale, before) = entitled(&pc, "Bölge Sorumlusu");
        lab.send(&pc).await.unwrap();
        for region in ["*", "Ankara"] {
            let old = lab.copy(&pc, lab.store.shared_device(region).await.unwrap(), "Ankara");
            std::fs::write(old.desktop.path(), &stale).unwrap();
            lost(&lab, &old, (&before, "Bölge Sorumlusu")).await;
        }
    }

    async fn behind_one_key_a_stale_copy_of_an_unmarked_file_overwrites_nothing_in_silence(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        let first = lab.pc_of(shared.clone(), "Ankara", 1, Shape::Live, Size::small());
        let second = lab.copy(&first, shared, "Ankara");
        let (id, name): (i64, String) = (value(&first, "select min(id) from employees"), value(&first, "select full_name from employees order by id"));
        first.desktop.save_employee(Some(id), &Employee { full_name: &name, title: "Ustabaşı", ..Employee::default() }).unwrap();
        lab.sync(&first).await;
        // It counts more changes than the first one, and holds what stood before.
        for at in 0..9 {
            second.desktop.save_setting("company_name", &at.to_string()).unwrap();
        }
        lab.send(&second).await.unwrap();
        let conflicts = lab.store.conflicts().await.unwrap();
        let kept = conflicts.iter().any(|kept| kept.loser.value == Some("Ustabaşı".into()));
        assert!(kept || lab.all().await.has("employees", "Ustabaşı"), "{conflicts:?}");
        for pc in [&first, &second, &first, &second] {
            lab.sync(pc).await;
        }
        assert_eq!(lab.store.conflicts().await.unwrap().len(), conflicts.len(), "it does not go back and forth");
    }

    async fn rows_that_a_copy_took_along_are_entered_once_whoever_sends_first(lab) {
        for copy_first in [true, false] {
            let first = lab.pc(&format!("Ankara {copy_first}"), "Ankara", 1 + u64::from(copy_first)).await;
            lab.sync(&first).await;
            let before = lab.all().await;
            let employee = person(&first, None, "Ayten Birinci", "17");
            let sheet = Timesheet { employee_id: employee, work_date: "2026-01-30", ..Timesheet::default() };
            first.desktop.save_timesheet(None, &sheet).unwrap();
            let copy = lab.copy(&first, lab.site(&format!("Ankara copy {copy_first}"), "Ankara").await, "Ankara");
            let both = if copy_first { [&copy, &first] } else { [&first, &copy] };
            for pc in both {
                lab.send(pc).await.unwrap();
            }
            assert_eq!(lab.all().await.rows(), before.rows() + 2, "{copy_first}");
        }
    }

    async fn a_person_of_one_number_whom_a_copy_took_along_is_one_also_when_renamed(lab) {
        for shared in [false, true] {
            let first = lab.pc(&format!("Ankara {shared}"), "Ankara", 1 + u64::from(shared)).await;
            lab.sync(&first).await;
            let number = format!("10{}", u8::from(shared));
            let id = person(&first, None, "Ayten Birinci", &number);
            lab.send(&first).await.unwrap();
            let device = match shared {
                true => lab.store.shared_device("Ankara").await.unwrap(),
                false => lab.site("Ankara copy", "Ankara").await,
            };
            let copy = lab.copy(&first, device, "Ankara");
            let before = lab.all().await.count("employees");
            person(&copy, Some(id), "Nevin Sonraki", &number);
            lab.send(&copy).await.unwrap();
            assert_eq!(lab.all().await.count("employees"), before, "{shared}");
        }
    }

    async fn a_pcs_own_unmarked_file_that_is_put_back_enters_nobody_twice(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let id = person(&pc, None, "Ayten Birinci", "17");
        let backup = pc.desktop.upload().unwrap();
        pc.desktop.save_setting("company_name", "Deneme").unwrap();
        lab.sync(&pc).await;
        person(&pc, Some(id), "Ayten Sonraki", "17");
        lab.send(&pc).await.unwrap();
        person(&pc, Some(id), "Nevin Sonraki", "17");
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        std::fs::write(pc.desktop.path(), &backup).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "older_file"), "{:?}", receipt.reasons);
        assert_eq!(lab.all().await, before, "and what it says of old is not news");
    }

    async fn of_copies_with_few_people_in_common_denk_keeps_both_and_says_so(lab) {
        let first = lab.empty_pc("Ankara 1", "Ankara").await;
        person(&first, None, "Ortak Kişi", "17");
        let second = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        person(&first, None, "Ayten Birinci", "18");
        person(&second, None, "Cem Ötekisi", "19");
        lab.send(&first).await.unwrap();
        let receipt = lab.send(&second).await.unwrap();
        assert_eq!(lab.all().await.count("employees"), 4);
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "doubt"), "{:?}", receipt.reasons);
    }

    async fn a_day_of_another_file_never_becomes_a_day_of_this_one(lab) {
        let first = lab.empty_pc("Ankara 1", "Ankara").await;
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        for (pc, name, number, date) in [(&first, "Ayten Birinci", "17", "2026-01-19"), (&second, "Cem Ötekisi", "18", "2026-01-20")] {
            let employee = person(pc, None, name, number);
            let sheet = Timesheet { employee_id: employee, work_date: date, start_time: "09:00", notes: name, ..Timesheet::default() };
            pc.desktop.save_timesheet(None, &sheet).unwrap();
        }
        lab.sync(&second).await;
        // Somebody puts the first one's file on the second PC.
        let copy = first.desktop.upload().unwrap();
        lab.send(&first).await.unwrap();
        std::fs::write(second.desktop.path(), &copy).unwrap();
        second.desktop.save_setting("company_name", "Deneme").unwrap();
        lab.send(&second).await.unwrap();
        let all = lab.all().await;
        assert!(all.has("timesheets", "Cem Ötekisi|2026-01-20") && all.has("timesheets", "Ayten Birinci|2026-01-19"), "{all:?}");
        assert_eq!((all.count("employees"), all.count("timesheets")), (2, 2));
    }

    async fn a_day_that_two_copies_took_along_is_entered_once(lab) {
        let first = lab.empty_pc("Ankara 1", "Ankara").await;
        let employee = person(&first, None, "Ayten Birinci", "17");
        let second = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        lab.sync(&second).await;
        let sheet = Timesheet { employee_id: employee, work_date: "2026-01-30", ..Timesheet::default() };
        first.desktop.save_timesheet(None, &sheet).unwrap();
        let copy = first.desktop.upload().unwrap();
        lab.send(&first).await.unwrap();
        std::fs::write(second.desktop.path(), &copy).unwrap();
        lab.send(&second).await.unwrap();
        let all = lab.all().await;
        assert_eq!((all.count("employees"), all.count("timesheets")), (1, 1));
    }

    async fn behind_one_key_a_file_of_what_all_offices_share_edits_nothing_in_silence(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        let first = Pc { device: shared.clone(), ..lab.empty_pc("Ankara 1", "Ankara").await };
        let second = Pc { device: shared, ..lab.empty_pc("Ankara 2", "Ankara").await };
        lab.send(&first).await.unwrap();
        let sql = "update shift_templates set start_time = '05:58' where id = (select min(id) from shift_templates)";
        rusqlite::Connection::open(second.desktop.path()).unwrap().execute_batch(sql).unwrap();
        let receipt = lab.send(&second).await.unwrap();
        assert_eq!(receipt.conflicts, 1);
        assert!(!lab.all().await.has("shift_templates", "05:58"), "it is not known that this is newer");
    }

    async fn of_three_copies_each_row_is_entered_once_whichever_sent_it(lab) {
        let third = lab.empty_pc("Ankara 3", "Ankara").await;
        let employee = person(&third, None, "Ayten Birinci", "17");
        let vehicle = third.desktop.save_vehicle(None, &Vehicle { plate: "06 QX 001", ..Vehicle::default() }).unwrap();
        let form = |description| Fault { vehicle_id: vehicle, title: "Fren", description, ..Fault::default() };
        let fault = third.desktop.save_fault(None, &form("ses")).unwrap();
        let first = lab.copy(&third, lab.site("Ankara 1", "Ankara").await, "Ankara");
        let second = lab.copy(&third, lab.site("Ankara 2", "Ankara").await, "Ankara");
        person(&second, Some(employee), "Ayten Sonraki", "17");
        first.desktop.delete(Record::Fault, fault).unwrap();
        third.desktop.save_fault(Some(fault), &form("ses, titreme")).unwrap();
        for pc in [&first, &second, &third] {
            lab.send(pc).await.unwrap();
        }
        let all = lab.all().await;
        assert_eq!((all.count("employees"), all.count("vehicles"), all.count("vehicle_faults")), (1, 1, 1), "{all:?}");
    }

    async fn the_same_bytes_enter_nothing_again_whatever_file_they_are(lab) {
        let first = lab.empty_pc("Ankara 1", "Ankara").await;
        for (name, number) in [("Ayten Birinci", "17"), ("Cem İkinci", "18"), ("Nevin Üçüncü", "19")] {
            person(&first, None, name, number);
        }
        lab.send(&first).await.unwrap();
        // Somebody puts another PC's file on it, which nobody has sent yet.
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        person(&second, None, "Derya Başka", "20");
        std::fs::write(first.desktop.path(), second.desktop.upload().unwrap()).unwrap();
        for _ in 0..4 {
            lab.send(&first).await.unwrap();
            assert_eq!(lab.all().await.count("employees"), 4);
        }
    }

    async fn vehicles_of_two_plates_do_not_make_two_files_copies(lab) {
        for (region, plate, seed) in [("Ankara", "06 QX 001", 1), ("Bursa", "16 QX 001", 2)] {
            let shared = lab.store.shared_device(region).await.unwrap();
            let pc = Pc { device: shared, ..lab.empty_pc(&format!("{region} {seed}"), region).await };
            let vehicle = pc.desktop.save_vehicle(None, &Vehicle { plate, ..Vehicle::default() }).unwrap();
            let inspection = Inspection { vehicle_id: vehicle, inspection_date: "2026-01-20", km: 7, ..Inspection::default() };
            pc.desktop.add_inspection(&inspection).unwrap();
            let receipt = lab.send(&pc).await.unwrap();
            assert!(receipt.reasons.is_empty(), "{:?}", receipt.reasons);
        }
        assert_eq!(lab.all().await.count("vehicles"), 2);
    }

    async fn rows_of_a_table_that_counts_no_ids_are_not_deleted_by_a_file_from_before(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let driver = |known, name| pc.desktop.save_driver(known, &Driver { full_name: name, ..Driver::default() }).unwrap();
        let id = driver(None, "Şükrü Uydurmaz");
        lab.sync(&pc).await;
        // As a second program makes it: without AUTOINCREMENT.
        let plain = "create table s as select * from stock_inventory; drop table stock_inventory;
            create table stock_inventory (id integer primary key, stok_kod text, stok_adi text, seri_no text not null unique, durum text, tarih text, girdi_yapan text, bolge text not null, adet integer, created_at timestamp, updated_at timestamp);
            insert into stock_inventory select * from s; drop table s; delete from sqlite_sequence where name = 'stock_inventory'";
        rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(plain).unwrap();
        let backup = std::fs::read(pc.desktop.path()).unwrap();
        let stock = "insert into stock_inventory (seri_no, bolge) values ('ST-1', 'Ankara'), ('ST-2', 'Ankara')";
        rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(stock).unwrap();
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        assert_eq!(before.count("stock_inventory"), 2);
        std::fs::write(pc.desktop.path(), backup).unwrap();
        for name in ["Şükrü Uydurmaz", "Şükrü Uydurmazoğlu", "Şükrü U."] {
            driver(Some(id), name);
            let receipt = lab.send(&pc).await.unwrap();
            assert_eq!(receipt.tables["stock_inventory"].deleted, 0, "{:?}", receipt.reasons);
        }
        assert_eq!(lab.all().await.count("stock_inventory"), 2);
    }

    async fn a_day_that_a_copy_of_a_handed_out_file_took_along_is_entered_once(lab) {
        for copy_first in [true, false] {
            let first = lab.empty_pc(&format!("Ankara 1 {copy_first}"), "Ankara").await;
            let employee = person(&first, None, &format!("Ayten {copy_first}"), if copy_first { "17" } else { "18" });
            lab.sync(&first).await;
            let second = lab.copy(&first, lab.site(&format!("Ankara 2 {copy_first}"), "Ankara").await, "Ankara");
            second.desktop.save_setting("company_name", "Deneme").unwrap();
            lab.send(&second).await.unwrap();
            let before = lab.all().await.count("timesheets");
            let sheet = Timesheet { employee_id: employee, work_date: "2026-01-30", ..Timesheet::default() };
            first.desktop.save_timesheet(None, &sheet).unwrap();
            // The copy is copied anew.
            std::fs::write(second.desktop.path(), first.desktop.upload().unwrap()).unwrap();
            let both = if copy_first { [&second, &first] } else { [&first, &second] };
            for pc in both {
                lab.send(pc).await.unwrap();
            }
            assert_eq!(lab.all().await.count("timesheets"), before + 1, "{copy_first}");
        }
    }

    async fn a_second_inspection_of_a_day_is_one_more_whatever_numbers_the_hub_gave_others(lab) {
        let inspect = |pc: &Pc, plate, km| {
            let known = rusqlite::Connection::open(pc.desktop.path()).unwrap();
            let vehicle = known.query_row("select id from vehicles where plate = ?", [plate], |row| row.get(0));
            drop(known);
            let vehicle_id = vehicle.unwrap_or_else(|_| pc.desktop.save_vehicle(None, &Vehicle { plate, ..Vehicle::default() }).unwrap());
            pc.desktop.add_inspection(&Inspection { vehicle_id, inspection_date: "2026-01-20", km, ..Inspection::default() }).unwrap();
        };
        let first = lab.empty_pc("Ankara 1", "Ankara").await;
        inspect(&first, "06 QX 001", 7);
        lab.send(&first).await.unwrap();
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        let second = Pc { device: shared, ..lab.empty_pc("Ankara 2", "Ankara").await };
        inspect(&second, "06 QX 002", 8);
        lab.send(&second).await.unwrap();
        // In its file the second one's inspection bears the number that the second one gives next.
        let third = lab.empty_pc("Ankara 3", "Ankara").await;
        lab.sync(&third).await;
        inspect(&second, "06 QX 002", 9);
        let receipt = lab.send(&second).await.unwrap();
        assert_eq!((receipt.tables["vehicle_inspections"].inserted, receipt.conflicts), (1, 0), "{:?}", receipt.reasons);
    }

    async fn a_copy_without_people_enters_no_inspection_twice(lab) {
        let first = lab.empty_pc("Ankara 1", "Ankara").await;
        let vehicle = first.desktop.save_vehicle(None, &Vehicle { plate: "06 QX 001", ..Vehicle::default() }).unwrap();
        let inspection = Inspection { vehicle_id: vehicle, inspection_date: "2026-01-20", km: 7, ..Inspection::default() };
        first.desktop.add_inspection(&inspection).unwrap();
        let copy = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        lab.sync(&first).await;
        let before = lab.all().await;
        let receipt = lab.send(&copy).await.unwrap();
        assert_eq!(receipt.tables["vehicle_inspections"].inserted, 0, "{:?}", receipt.reasons);
        assert_eq!(lab.all().await, before);
    }
}

/// Gives somebody another title; returns the file as it was and the title of before.
fn entitled(pc: &Pc, title: &str) -> (Vec<u8>, String) {
    let cell = |column: &str| -> String {
        value(
            pc,
            &format!("select {column} from employees where title <> '' and identity_no <> '' order by id"),
        )
    };
    let id = value(pc, "select id from employees where title <> '' and identity_no <> '' order by id");
    let [before, full_name, identity_no, department] =
        ["title", "full_name", "identity_no", "department"].map(cell);
    let stale = pc.desktop.upload().unwrap();
    let form = Employee { full_name: &full_name, identity_no: &identity_no, department: &department, title };
    pc.desktop.save_employee(Some(id), &form).unwrap();
    (stale, before)
}

async fn lost(lab: &Lab, old: &Pc, (before, now): (&str, &str)) {
    let known = lab.store.conflicts().await.unwrap().len();
    let all = lab.all().await;
    lab.send(old).await.unwrap();
    assert_eq!(lab.all().await, all, "{now} stands");
    let conflicts = lab.store.conflicts().await.unwrap();
    let kept = |kept: &&store::KeptConflict| {
        let text = |side: &store::KeptSide| side.value.clone().unwrap();
        text(&kept.winner) == now && text(&kept.loser) == before
    };
    let new = conflicts.len() - known;
    let titles = conflicts[..new].iter().filter(|kept| kept.column.as_deref() == Some("title"));
    assert_eq!(titles.filter(kept).count(), 1, "{conflicts:?}");
    lab.fetch(old).await;
    assert!(Book::of(old).has("employees", now));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_one_key_files_of_whoever_asked_are_not_remembered_for_ever() {
    let lab = Lab::sqlite().await;
    let shared = lab.store.shared_device("Ankara").await.unwrap();
    let pc = lab.pc_of(shared.clone(), "Ankara", 1, Shape::Live, Size::small());
    lab.send(&pc).await.unwrap();
    let site = shared.site.0;
    // Of these no file is known any more.
    lab.script(&format!(
        "insert into denk_pcs (site, pc, latest, own, contact, unswept)
             with recursive pcs (pc) as (select 100001 union all select pc + 1 from pcs where pc < 100300)
             select {site}, pc, 'tag-' || pc || '~{site}+1', 0, pc, 0 from pcs"
    ));
    let before = lab.all().await;
    let other = lab.pc_of(shared, "Ankara", 2, Shape::Live, Size::small());
    lab.send(&other).await.unwrap();
    assert_eq!(lab.count_beside("denk_pcs"), 3);
    pc.desktop.save_setting("company_name", "Deneme").unwrap();
    let receipt = lab.send(&pc).await.unwrap();
    assert_eq!(receipt.tables["employees"].inserted, 0);
    assert!(lab.all().await.holds(&before));
}
