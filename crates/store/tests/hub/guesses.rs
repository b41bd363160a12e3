//! Files that name rows of another region: nobody is shown such a row, or what it says, for knowing or guessing its name.

use rusqlite::Connection;
use store::Receipt;
use testkit::office::{Shape, Size};

use crate::lab::{Book, Lab, Pc, on_both};

fn edit(pc: &Pc, sql: &str) {
    Connection::open(pc.desktop.path()).unwrap().execute_batch(sql).unwrap();
}

/// Bursa has a vehicle with a fault, a person with a day, and a driver; the hub knows them.
async fn bursa(lab: &Lab) -> Pc {
    let bursa = lab.empty_pc("Bursa 1", "Bursa").await;
    edit(
        &bursa,
        "insert into vehicles (id, plate, brand, km, notes, region) values (1, '16 TST 104', 'Marka', 4000, 'Bursa sırrı', 'Bursa');
         insert into vehicle_faults (vehicle_id, title, region) values (1, 'Bursa arızası', 'Bursa');
         insert into employees (id, full_name, identity_no, title, region)
             values (1, 'Bursalı Örnek', '10000000146', 'Bursa sırrı', 'Bursa');
         insert into timesheets (employee_id, work_date, start_time, end_time, region)
             values (1, '2026-01-05', '08:00', '17:00', 'Bursa');
         insert into drivers (id, full_name, phone, region) values (1, 'Bursalı Şoför', 'Bursa sırrı', 'Bursa');",
    );
    lab.sync(&bursa).await;
    bursa
}

/// Rows of Bursa by their names, and a row of Ankara that hangs on each.
fn guess(pc: &Pc, (plate, identity, driver): (&str, &str, &str)) {
    edit(
        pc,
        &format!(
            "insert into vehicles (id, plate, km, region) values (901, '{plate}', 1, 'Bursa');
             insert into vehicle_faults (id, vehicle_id, title, region) values (901, 901, 'Tahmin', 'Ankara');
             insert into employees (id, full_name, identity_no, region) values (901, 'Bursalı Örnek', '{identity}', 'Bursa');
             insert into timesheets (id, employee_id, work_date, start_time, end_time, region)
                 values (901, 901, '2031-05-06', '08:00', '17:00', 'Ankara');
             insert into drivers (id, full_name, region) values (901, '{driver}', 'Bursa');
             insert or ignore into vehicles (id, plate, region) values (902, '06 TST 902', 'Ankara');
             insert into vehicle_inspections (id, vehicle_id, driver_id, inspection_date, week_start)
                 values (901, 902, 901, '2026-01-06', '2026-01-05');"
        ),
    );
}

/// Nothing of Bursa is in what the PC is handed, and nothing of the PC hangs on what is Bursa's.
async fn assert_apart(lab: &Lab, pc: &Pc) {
    lab.fetch(pc).await;
    let shown = Book::of(pc);
    let foreign = shown.tables.values().flatten().find(|row| row.contains("Bursa") || row.contains("16 TST"));
    assert_eq!(foreign, None);
    let all = lab.all().await;
    assert!(!all.has("vehicle_faults", "Tahmin"), "{all:?}");
    assert!(!all.has("timesheets", "2031-05-06"), "{all:?}");
}

fn told(receipt: &Receipt) -> String {
    let reasons: Vec<_> =
        receipt.reasons.iter().map(|reason| (&reason.table, &reason.key, &reason.reason)).collect();
    format!("{:?} {} {} {} {reasons:?}", receipt.tables, receipt.conflicts, receipt.held, receipt.repaired)
}

on_both! {
    async fn who_guesses_a_row_of_another_region_is_not_shown_it(lab) {
        let bursa = bursa(&lab).await;
        let pc = lab.pc("Ankara 1", "Ankara", 3).await;
        guess(&pc, ("16 TST 104", "10000000146", "Bursalı Şoför"));
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.held, receipt.conflicts), (0, 0));
        assert_apart(&lab, &pc).await;
        // Nor later, under the ids that the file had for them.
        guess(&pc, ("16 TST 104", "10000000146", "Bursalı Şoför"));
        lab.send(&pc).await.unwrap();
        assert_apart(&lab, &pc).await;
        edit(&bursa, "update vehicles set km = 4242; update employees set title = 'Bursa müdürü'");
        lab.sync(&bursa).await;
        lab.sync(&pc).await;
        assert_apart(&lab, &pc).await;
        let other = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&other).await;
        assert_apart(&lab, &other).await;
        assert!(lab.all().await.has("vehicles", "06 TST 902"), "what is Ankara's is taken");
    }

    async fn the_answer_to_a_right_guess_is_that_to_a_wrong_one(lab) {
        bursa(&lab).await;
        let mut answers = Vec::new();
        for (number, guessed) in [
            ("16 TST 104", "10000000146", "Bursalı Şoför"),
            ("16 TST 105", "10000000214", "Başka Şoför"),
        ].into_iter().enumerate() {
            let pc = lab.empty_pc(&format!("Ankara {number}"), "Ankara").await;
            edit(&pc, &format!("insert into employees (id, full_name, region) values (1, 'Ankaralı {number}', 'Ankara')"));
            guess(&pc, guessed);
            edit(&pc, &format!("update vehicles set plate = '06 TST 90{number}' where id = 902"));
            let first = told(&lab.send(&pc).await.unwrap());
            edit(&pc, "update vehicles set km = 4000 where id = 901; update employees set title = 'Bursa sırrı' where id = 901");
            answers.push((first, told(&lab.send(&pc).await.unwrap())));
        }
        assert_eq!(answers[0], answers[1]);
    }

    async fn under_the_number_that_a_row_of_another_region_has_a_guess_is_answered_alike(lab) {
        bursa(&lab).await;
        let mut answers = Vec::new();
        for (number, said) in [
            "'Bursalı Örnek', '', 'Bursa sırrı'",
            "'Bursalı Örnek', '', 'Tahmin'",
            "'Bursalı Örnek', '10000000146', ''",
            "'Bursalı Örnek', '10000000214', ''",
            "'Kimse Değil', '', ''",
        ].into_iter().enumerate() {
            let pc = lab.empty_pc(&format!("Ankara {number}"), "Ankara").await;
            edit(
                &pc,
                &format!(
                    "insert into employees (id, full_name, identity_no, title, region) values (1, {said}, 'Bursa');
                     insert into employees (id, full_name, region) values (2, 'Ankaralı {number}', 'Ankara');
                     insert into timesheets (employee_id, work_date, start_time, end_time, region)
                         values (1, '2031-05-06', '08:00', '17:00', 'Ankara')"
                ),
            );
            answers.push(told(&lab.send(&pc).await.unwrap()));
            assert_apart(&lab, &pc).await;
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }

    async fn a_copy_of_another_region_s_file_learns_nothing_of_what_its_rows_say_now(lab) {
        let bursa = lab.pc("Bursa 1", "Bursa", 7).await;
        edit(
            &bursa,
            "insert into timesheets (id, employee_id, work_date, start_time, end_time, region)
                 values (901, 1, '2031-01-01', '08:00', '17:00', 'Bursa')",
        );
        lab.sync(&bursa).await;
        let pc = lab.copy(&bursa, lab.site("Ankara 1", "Ankara").await, "Ankara");
        edit(&bursa, "update employees set title = 'Bursa sırrı' where id = 1");
        lab.sync(&bursa).await;
        let before = lab.all().await;
        edit(
            &pc,
            "insert into employees (id, full_name, region) values (901, 'Ankaralı Örnek', 'Ankara');
             delete from timesheets where id = 901;
             insert into timesheets (id, employee_id, work_date, start_time, end_time, region)
                 values (901, 1, '2031-05-06', '08:00', '17:00', 'Ankara'), (902, 901, '2026-01-07', '08:00', '17:00', 'Ankara');",
        );
        // Though all but one are rows of another region, nobody has to look at it, also when it is sent twice.
        for _ in 0..2 {
            let receipt = lab.send(&pc).await.unwrap();
            assert_eq!((receipt.held, receipt.conflicts), (0, 0));
        }
        // What is not as it was copied is told: the day under a number that another one has.
        let alerts = lab.store.alerts().await.unwrap();
        let kinds: Vec<_> = alerts.iter().filter(|alert| alert.site == pc.device.site.0).map(|alert| (&alert.kind[..], alert.rows)).collect();
        assert!(kinds.contains(&("orphan", 1)), "{kinds:?}");
        // Once more, from PCs that the hub does not know, with what the row says now, and with something else.
        let mut answers = Vec::new();
        for guess in ["Bursa sırrı", "Tahmin"] {
            let other = lab.copy(&bursa, lab.site(guess, "Ankara").await, "Ankara");
            edit(&other, &format!("update employees set title = '{guess}' where id = 1"));
            edit(&other, &format!("insert into employees (id, full_name, region) values (901, 'Ankaralı {guess}', 'Ankara')"));
            let met = told(&lab.send(&other).await.unwrap());
            edit(&other, &format!("update employees set title = '{guess} 2' where id = 2"));
            answers.push((met, told(&lab.send(&other).await.unwrap())));
        }
        assert_eq!(answers[0], answers[1]);
        lab.fetch(&pc).await;
        assert!(!Book::of(&pc).has("employees", "Bursa|") && !Book::of(&pc).has("employees", "sırrı|Bursa"));
        let after = lab.all().await;
        assert_eq!(after.count("employees"), before.count("employees") + 3);
        assert_eq!(after.count("timesheets"), before.count("timesheets") + 1);
        assert!(after.has("timesheets", "Ankaralı Örnek|2026-01-07"));
    }

    async fn a_row_that_says_no_region_is_the_site_s_whatever_stands_elsewhere_under_its_number(lab) {
        bursa(&lab).await;
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        edit(&pc, "insert into employees (id, full_name, region) values (7, 'Ankaralı Örnek', 'Ankara')");
        lab.sync(&pc).await;
        edit(
            &pc,
            "insert into employees (id, full_name, region) values (1, 'Bursalı Örnek', null);
             insert into timesheets (employee_id, work_date, start_time, end_time, region)
                 values (1, '2031-05-07', '08:00', '17:00', 'Ankara')",
        );
        let receipt = lab.sync(&pc).await;
        assert_eq!(receipt.tables["employees"].refused, 0, "{receipt:?}");
        assert!(Book::of(&pc).has("timesheets", "Bursalı Örnek|2031-05-07"));
        assert!(!Book::of(&pc).has("employees", "sırrı"));
        let all = lab.all().await;
        assert_eq!(all.table("employees").iter().filter(|row| row.contains("Bursalı Örnek")).count(), 2);
    }

    async fn old_hours_of_a_person_who_moved_are_taken_also_from_a_file_that_is_met_first(lab) {
        let center = lab.site("Merkez", "*").await;
        let first = lab.pc("Ankara 1", "Ankara", 5).await;
        lab.sync(&first).await;
        let head = lab.pc_of(center, "Ankara", 5, Shape::Live, Size::small());
        lab.fetch(&head).await;
        let name: String = crate::lab::value(&head, "select full_name from employees order by id limit 1");
        let moved = format!("update employees set region = 'Bursa' where full_name = '{name}';
                             delete from timesheets where employee_id = (select id from employees where full_name = '{name}')");
        edit(&head, &moved);
        lab.sync(&head).await;
        let second = lab.copy(&first, lab.site("Ankara 2", "Ankara").await, "Ankara");
        edit(
            &second,
            &format!("update employees set region = 'Bursa' where full_name = '{name}';
                      insert into timesheets (employee_id, work_date, start_time, end_time, notes, region)
                      select id, '2025-12-31', '08:00', '17:00', 'eski', 'Ankara' from employees where full_name = '{name}'"),
        );
        lab.sync(&second).await;
        assert!(lab.all().await.has("timesheets", &format!("{name}|2025-12-31")), "{:?}", lab.all().await.table("timesheets"));
    }
}
