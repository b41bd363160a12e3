//! Files of one token that share a past, and what cannot be known of them: nothing is lost, and nothing stands in silence.

use testkit::office::{Driver, Employee, Record, Shape, Size, Timesheet};

use crate::lab::{Lab, Pc, on_both, value};

/// A PC that sent a new person since its hand-out, and a second one with a copy of that file and the same token.
async fn half_way(lab: &Lab) -> (Pc, Pc) {
    let first = lab.pc("Ankara 1", "Ankara", 1).await;
    lab.sync(&first).await;
    person(&first, "Ortak Kişi");
    lab.send(&first).await.unwrap();
    let second = lab.copy(&first, first.device.clone(), "Ankara");
    (first, second)
}

fn person(pc: &Pc, name: &str) -> i64 {
    let form =
        Employee { full_name: name, department: "Güvenlik", title: "Personel", ..Employee::default() };
    pc.desktop.save_employee(None, &form).unwrap()
}

fn day(pc: &Pc, employee: i64, date: &str) -> i64 {
    let sheet =
        Timesheet { employee_id: employee, work_date: date, start_time: "09:00", ..Timesheet::default() };
    pc.desktop.save_timesheet(None, &sheet).unwrap()
}

/// Changes that nobody sees count too.
fn count_up(pc: &Pc, times: usize) {
    (0..times).for_each(|at| pc.desktop.save_setting("company_name", &at.to_string()).unwrap());
}

fn entitle(pc: &Pc, title: &str) {
    let sql = format!("update employees set title = '{title}' where id = (select min(id) from employees)");
    rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(&sql).unwrap();
}

/// Sends two titles, and puts back the backup from between them.
async fn between(lab: &Lab, pc: &Pc) {
    entitle(pc, "Unvan B");
    lab.send(pc).await.unwrap();
    let backup = pc.desktop.upload().unwrap();
    entitle(pc, "Unvan C");
    lab.send(pc).await.unwrap();
    std::fs::write(pc.desktop.path(), &backup).unwrap();
}

/// Whether a value did not stand and is kept.
async fn kept(lab: &Lab, what: &str) -> bool {
    let conflicts = lab.store.conflicts().await.unwrap();
    conflicts.iter().any(|kept| kept.loser.value.as_ref().is_some_and(|value| value == what))
}

on_both! {
    async fn a_person_of_another_name_is_another_person_whatever_else_is_alike(lab) {
        let (first, second) = half_way(&lab).await;
        let before = lab.all().await.count("employees");
        assert_eq!(person(&first, "Ali Kaya"), person(&second, "Veli Can"));
        count_up(&second, 3);
        for pc in [&first, &second] {
            lab.send(pc).await.unwrap();
        }
        let all = lab.all().await;
        assert_eq!(all.count("employees"), before + 2);
        assert!(all.has("employees", "Ali Kaya") && all.has("employees", "Veli Can"));
    }

    async fn a_name_that_is_spelled_otherwise_is_told(lab) {
        let (first, second) = half_way(&lab).await;
        let before = lab.all().await.count("employees");
        person(&first, "Ayten Kaya");
        person(&second, "Ayten Kayalı");
        count_up(&second, 3);
        for pc in [&first, &second] {
            lab.send(pc).await.unwrap();
        }
        assert!(lab.all().await.count("employees") == before + 2 || kept(&lab, "Ayten Kaya").await);
    }

    async fn a_new_person_of_one_identity_number_may_be_renamed(lab) {
        for region in ["Ankara", "Bursa"] {
            let pc = match region {
                "Ankara" => lab.pc("Ankara 1", region, 1).await,
                _ => lab.pc_of(lab.store.shared_device(region).await.unwrap(), region, 2, Shape::Live, Size::small()),
            };
            lab.send(&pc).await.unwrap();
            let form = |name| Employee { full_name: name, identity_no: "10000000146", ..Employee::default() };
            let id = pc.desktop.save_employee(None, &form("Ayten Kaya")).unwrap();
            lab.send(&pc).await.unwrap();
            let before = lab.all().await.count("employees");
            pc.desktop.save_employee(Some(id), &form("Ayten Demir")).unwrap();
            let receipt = lab.send(&pc).await.unwrap();
            assert!(receipt.reasons.is_empty(), "{:?}", receipt.reasons);
            assert_eq!(lab.all().await.count("employees"), before);
        }
    }

    async fn a_day_of_another_date_is_not_lost(lab) {
        let (first, second) = half_way(&lab).await;
        let employee: i64 = value(&first, "select min(employee_id) from timesheets");
        assert_eq!(day(&first, employee, "2026-01-28"), day(&second, employee, "2026-01-29"));
        count_up(&second, 3);
        lab.send(&first).await.unwrap();
        let receipt = lab.send(&second).await.unwrap();
        assert!(lab.all().await.has("timesheets", "2026-01-29|09:00"));
        // One day that has another date now was most likely moved; it is told.
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "doubt"), "{:?}", receipt.reasons);
        // And it comes back as soon as it shows that they are two files.
        count_up(&first, 1);
        lab.send(&first).await.unwrap();
        assert!(lab.all().await.has("timesheets", "2026-01-28|09:00"));
    }

    async fn days_of_a_person_whom_both_entered_are_days_of_both(lab) {
        let (first, second) = half_way(&lab).await;
        let before = lab.all().await.count("timesheets");
        let ayten = [&first, &second].map(|pc| person(pc, "Ayten Yeni"));
        (1..4).for_each(|at| _ = day(&first, ayten[0], &format!("2026-01-0{at}")));
        (1..9).for_each(|at| _ = day(&second, ayten[1], &format!("2026-01-1{at}")));
        for pc in [&first, &second] {
            lab.send(pc).await.unwrap();
        }
        assert_eq!(lab.all().await.count("timesheets"), before + 11);
    }

    async fn a_backup_from_between_two_uploads_overwrites_nothing_in_silence(lab) {
        for never_downloads in [false, true] {
            let pc = lab.pc(&format!("Ankara {never_downloads}"), "Ankara", 1 + u64::from(never_downloads)).await;
            if never_downloads { lab.send(&pc).await.unwrap() } else { lab.sync(&pc).await };
            between(&lab, &pc).await;
            person(&pc, "Yeni 1");
            person(&pc, "Yeni 2");
            lab.send(&pc).await.unwrap();
            assert!(lab.all().await.has("employees", "Unvan C") || kept(&lab, "Unvan C").await, "{never_downloads}");
        }
    }

    async fn what_is_changed_again_and_again_is_no_conflict(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        for at in 0..5 {
            entitle(&pc, &format!("Unvan {at}"));
            assert_eq!(lab.send(&pc).await.unwrap().conflicts, 0);
        }
    }

    async fn rows_of_a_table_that_counts_no_ids_stay_though_other_work_is_there(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let driver = |known, name| pc.desktop.save_driver(known, &Driver { full_name: name, ..Driver::default() }).unwrap();
        let id = driver(None, "Şükrü Uydurmaz");
        lab.sync(&pc).await;
        let run = |sql: &str| rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(sql).unwrap();
        run("create table s as select * from stock_inventory; drop table stock_inventory;
            create table stock_inventory (id integer primary key, stok_kod text, stok_adi text, seri_no text not null unique, durum text, tarih text, girdi_yapan text, bolge text not null, adet integer, created_at timestamp, updated_at timestamp);
            insert into stock_inventory select * from s; drop table s; delete from sqlite_sequence where name = 'stock_inventory'");
        driver(Some(id), "Şükrü Uydurmazoğlu");
        lab.send(&pc).await.unwrap();
        let backup = std::fs::read(pc.desktop.path()).unwrap();
        run("insert into stock_inventory (seri_no, bolge) values ('ST-1', 'Ankara'), ('ST-2', 'Ankara')");
        lab.send(&pc).await.unwrap();
        std::fs::write(pc.desktop.path(), backup).unwrap();
        for _ in 0..3 {
            count_up(&pc, 3);
            let receipt = lab.send(&pc).await.unwrap();
            assert_eq!(receipt.tables["stock_inventory"].deleted, 0, "{:?}", receipt.reasons);
        }
        assert_eq!(lab.all().await.count("stock_inventory"), 2);
    }

    async fn a_file_that_may_be_another_pcs_deletes_nothing_by_absence(lab) {
        let (first, second) = half_way(&lab).await;
        let employee: i64 = value(&first, "select min(employee_id) from timesheets");
        day(&first, employee, "2026-01-26");
        day(&first, employee, "2026-01-27");
        lab.send(&first).await.unwrap();
        let before = lab.all().await;
        // As many ids, the first one alike, the second one deleted; more rows than changes.
        let sheet = "insert into timesheets (employee_id, work_date, start_time, end_time) values";
        let sql = format!("{sheet} ({employee}, '2026-01-26', '11:00', '17:00'), ({employee}, '2026-01-25', '11:00', '17:00'), ({employee}, '2026-01-24', '11:00', '17:00'), ({employee}, '2026-01-23', '11:00', '17:00')");
        rusqlite::Connection::open(second.desktop.path()).unwrap().execute_batch(&sql).unwrap();
        let gone: i64 = value(&second, "select max(id) - 2 from timesheets");
        second.desktop.delete(Record::Timesheet, gone).unwrap();
        count_up(&second, 1);
        lab.send(&second).await.unwrap();
        let all = lab.all().await;
        assert!(all.has("timesheets", "2026-01-27|09:00"), "{all:?}");
        assert!(all.count("timesheets") >= before.count("timesheets") + 2);
    }

    async fn of_two_files_that_count_alike_nobody_knows_which_is_older(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        between(&lab, &pc).await;
        count_up(&pc, 1);
        let receipt = lab.send(&pc).await.unwrap();
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "doubled_file"), "{:?}", receipt.reasons);
        assert!(lab.all().await.has("employees", "Unvan C") && kept(&lab, "Unvan B").await);
    }

    async fn behind_one_key_a_file_that_is_sent_under_two_regions_is_entered_once(lab) {
        let ankara = lab.store.shared_device("Ankara").await.unwrap();
        let pc = lab.pc_of(ankara, "Ankara", 1, Shape::Live, Size::small());
        lab.send(&pc).await.unwrap();
        let everybodys = lab.store.hand_out_to_stranger(&merge::Region::All).await.unwrap();
        pc.desktop.receive(&std::fs::read(everybodys.path).unwrap()).unwrap();
        let employee: i64 = value(&pc, "select min(employee_id) from timesheets");
        day(&pc, employee, "2026-01-28");
        lab.send(&pc).await.unwrap();
        let before = lab.all().await.rows();
        let pc = Pc { device: lab.store.shared_device("*").await.unwrap(), ..pc };
        lab.send(&pc).await.unwrap();
        assert_eq!(lab.all().await.rows(), before);
    }

    async fn a_file_of_before_the_first_one_goes_on_from_itself(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let morning = pc.desktop.upload().unwrap();
        (0..5).for_each(|at| _ = person(&pc, &format!("Kayıp {at}")));
        lab.send(&pc).await.unwrap();
        let before = lab.all().await.count("employees");
        std::fs::write(pc.desktop.path(), morning).unwrap();
        for (at, name) in ["Ayten Bir", "Cem İki", "Nevin Üç"].into_iter().enumerate() {
            person(&pc, name);
            lab.send(&pc).await.unwrap();
            assert_eq!(lab.all().await.count("employees"), before + at + 1, "one more each time");
        }
    }

    async fn a_corrected_date_is_told_also_where_the_file_has_a_copy(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.send(&first).await.unwrap();
        let second = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        person(&first, "Ortak Yeni");
        // Both have the new person under one number.
        person(&second, "Ortak Yeni");
        lab.send(&second).await.unwrap();
        let sheet = value::<i64>(&first, "select min(id) from timesheets");
        let sql = format!("update timesheets set work_date = '2025-12-31' where id = {sheet}");
        rusqlite::Connection::open(first.desktop.path()).unwrap().execute_batch(&sql).unwrap();
        let before = lab.all().await.count("timesheets");
        let receipt = lab.send(&first).await.unwrap();
        let told = receipt.reasons.iter().any(|reason| reason.reason == "doubt");
        assert!(told || lab.all().await.count("timesheets") == before, "{:?}", receipt.reasons);
    }

    async fn a_note_beside_another_file_deletes_nobody_who_had_that_number_there(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let add = |name: &str, number: &str| {
            let form = Employee { full_name: name, identity_no: number, ..Employee::default() };
            pc.desktop.save_employee(None, &form).unwrap();
        };
        let put = |file: &[u8]| std::fs::write(pc.desktop.path(), file).unwrap();
        let archive = pc.desktop.upload().unwrap();
        [("Ayten Bir", "101"), ("Cem İki", "102")].into_iter().for_each(|(name, number)| add(name, number));
        lab.sync(&pc).await;
        let taken = pc.desktop.upload().unwrap();
        // The first day's file is put back: its person 2 is deleted, who is nobody that the hub knows.
        put(&archive);
        [("Derya Üç", "103"), ("Hale Dört", "104"), ("Kaan Beş", "105")].into_iter().for_each(|(name, number)| add(name, number));
        pc.desktop.delete(Record::Employee, 2).unwrap();
        lab.send(&pc).await.unwrap();
        let other = pc.desktop.upload().unwrap();
        put(&taken);
        add("Nevin Altı", "106");
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        put(&other);
        add("Suna Yedi", "107");
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.tables["employees"].inserted, receipt.tables["employees"].deleted), (1, 0));
        assert!(lab.all().await.holds(&before), "{receipt:?}");
    }

    async fn a_file_of_before_the_first_one_is_known_when_it_comes_again(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let archive = pc.desktop.upload().unwrap();
        let driver = |known: Option<i64>, (name, phone): (&str, &str), notes: &str| {
            let form = Driver { full_name: name, phone, notes, ..Driver::default() };
            pc.desktop.save_driver(known, &form).unwrap()
        };
        for who in [("Ayten Bir", "5550001"), ("Cem İki", "5550002"), ("Derya Üç", "5550003")] {
            driver(None, who, "");
        }
        lab.send(&pc).await.unwrap();
        driver(Some(1), ("Ayten Bir", "5550001"), "sıfır");
        lab.send(&pc).await.unwrap();
        // The first day's file is put back, and is changed oftener than the one that the hub met.
        std::fs::write(pc.desktop.path(), &archive).unwrap();
        let who = ("Kaan Beş", "5550009");
        let id = driver(None, who, "bir");
        count_up(&pc, 20);
        lab.send(&pc).await.unwrap();
        for notes in ["iki", "üç"] {
            driver(Some(id), who, notes);
            let receipt = lab.send(&pc).await.unwrap();
            assert_eq!(receipt.tables["drivers"].inserted, 0, "{receipt:?}");
        }
        assert_eq!(lab.all().await.count("drivers"), 4);
    }

    async fn days_that_are_moved_before_others_stay_this_pcs(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let someone = person(&pc, "Ayten Bir");
        lab.send(&pc).await.unwrap();
        let days = ["2026-01-20", "2026-01-21", "2026-01-22", "2026-01-23"].map(|date| day(&pc, someone, date));
        lab.send(&pc).await.unwrap();
        let edit = |id: i64, date: &str, end: &str| {
            let form = Timesheet {
                employee_id: someone,
                work_date: date,
                start_time: "09:00",
                end_time: end,
                ..Timesheet::default()
            };
            pc.desktop.save_timesheet(Some(id), &form).unwrap();
        };
        let end: String = value(&pc, "select max(end_time) from timesheets");
        edit(days[0], "2025-11-03", &end);
        edit(days[1], "2025-11-04", &end);
        edit(days[2], "2026-01-22", "21:45");
        let receipt = lab.send(&pc).await.unwrap();
        let told: Vec<_> = receipt.reasons.iter().map(|reason| reason.reason.as_str()).collect();
        assert_eq!(told, ["doubt", "doubt"], "no other file, and the two days are told");
        let all = lab.all().await;
        assert!(all.has("timesheets", "21:45"), "who was at work here is not an older file");
        assert_eq!(all.count("timesheets"), 6, "nothing is deleted");
    }

    async fn what_another_branch_has_alike_is_not_entered_twice(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let root = pc.desktop.upload().unwrap();
        let add = |name: &str, number: &str| {
            let form = Employee { full_name: name, identity_no: number, ..Employee::default() };
            pc.desktop.save_employee(None, &form).unwrap();
        };
        let driver = || {
            let form = Driver { full_name: "Kaan Beş", phone: "5550009", ..Driver::default() };
            pc.desktop.save_driver(None, &form).unwrap();
        };
        add("Ayten Bir", "101");
        lab.send(&pc).await.unwrap();
        let one = pc.desktop.upload().unwrap();
        std::fs::write(pc.desktop.path(), root).unwrap();
        add("Cem İki", "102");
        driver();
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        std::fs::write(pc.desktop.path(), one).unwrap();
        driver();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!(receipt.tables["drivers"].inserted, 0, "{receipt:?}");
        assert_eq!(lab.all().await, before);
    }
}
