//! Two files with one token that both go on from one hand-out.

use testkit::office::{Employee, Record, Timesheet};

use crate::lab::{Book, Lab, Pc, on_both, value};

/// A PC that has taken its file, and a second one with a copy of it and the same token.
async fn doubled(lab: &Lab) -> (Pc, Pc) {
    let first = lab.pc("Ankara 1", "Ankara", 1).await;
    lab.sync(&first).await;
    let second = lab.copy(&first, first.device.clone(), "Ankara");
    (first, second)
}

fn person(pc: &Pc, name: &str) -> i64 {
    pc.desktop.save_employee(None, &Employee { full_name: name, ..Employee::default() }).unwrap()
}

fn day(pc: &Pc, start: &str) -> i64 {
    let employee: i64 = value(pc, "select min(employee_id) from timesheets");
    let sheet = Timesheet {
        employee_id: employee,
        work_date: "2026-01-30",
        start_time: start,
        end_time: "17:30",
        break_minutes: 60,
        ..Timesheet::default()
    };
    pc.desktop.save_timesheet(None, &sheet).unwrap()
}

/// Values of a column that did not stand, the newest first.
async fn losers(lab: &Lab, column: &str) -> Vec<String> {
    let kept = lab.store.conflicts().await.unwrap().into_iter();
    let of_column = kept.filter(|kept| kept.column.as_deref() == Some(column));
    of_column
        .map(|kept| match kept.loser.value.unwrap() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        })
        .collect()
}

/// Twenty uploads in turn: after the first two nothing changes any more.
async fn take_turns(lab: &Lab, first: &Pc, second: &Pc, settled: usize) -> Book {
    for pc in [first, second].into_iter().cycle().take(settled) {
        lab.send(pc).await.unwrap();
    }
    let (all, conflicts) = (lab.all().await, lab.store.conflicts().await.unwrap().len());
    let alerts = lab.store.alerts().await.unwrap().len();
    let turns = if settled.is_multiple_of(2) { [first, second] } else { [second, first] };
    for pc in turns.into_iter().cycle().take(20 - settled) {
        let receipt = lab.send(pc).await.unwrap();
        for (table, told) in &receipt.tables {
            assert_eq!(told.inserted + told.updated + told.deleted + told.refused, 0, "{table} {told:?}");
        }
    }
    assert_eq!(lab.all().await, all);
    assert_eq!(lab.store.conflicts().await.unwrap().len(), conflicts);
    assert_eq!(lab.store.alerts().await.unwrap().len(), alerts, "told once");
    all
}

on_both! {
    async fn like_rows_under_one_id_are_two_rows_and_nothing_flips(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await;
        assert_eq!(day(&first, "08:00"), day(&second, "09:00"));
        assert_eq!(person(&first, "Ayten Örnek"), person(&second, "Ayten Örnekoğlu"));
        let all = take_turns(&lab, &first, &second, 2).await;
        assert_eq!(all.rows(), before.rows() + 4);
        assert!(all.has("timesheets", "08:00") && all.has("employees", "Ayten Örnekoğlu"));
        assert_eq!(lab.store.alerts().await.unwrap().iter().filter(|alert| alert.kind == "doubled_file").count(), 1);
    }

    // New rows that are edited faster than the file counts: another PC's, or one statement's.
    async fn new_rows_of_a_file_that_counts_more_changes_overwrite_nothing_in_silence(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await.count("timesheets");
        day(&first, "08:00");
        for start in ["09:00", "10:00", "11:00"] {
            day(&second, start);
        }
        for pc in [&first, &second] {
            lab.send(pc).await.unwrap();
        }
        assert_eq!((lab.all().await.count("timesheets"), losers(&lab, "start_time").await), (before + 3, vec!["08:00".to_owned()]));
        first.desktop.save_setting("company_name", "Deneme").unwrap();
        let all = take_turns(&lab, &first, &second, 1).await;
        assert_eq!(all.count("timesheets"), before + 4, "it shows that they are two files");
    }

    async fn new_rows_that_one_statement_edits_stay_the_same_rows(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let before = lab.all().await.count("timesheets");
        for start in ["05:00", "06:00", "07:00"] {
            day(&pc, start);
        }
        lab.send(&pc).await.unwrap();
        for sql in ["break_minutes = 45 where work_date = '2026-01-30'", "break_minutes = 50 where start_time = '07:00'"] {
            let sql = format!("update timesheets set {sql}");
            rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(&sql).unwrap();
            let receipt = lab.send(&pc).await.unwrap();
            assert!(receipt.reasons.iter().all(|reason| reason.reason == "conflict"), "{:?}", receipt.reasons);
            assert_eq!((lab.all().await.count("timesheets"), lab.all().await), (before + 3, Book::of(&pc)));
        }
        assert_eq!(losers(&lab, "break_minutes").await, ["60", "60", "60"], "told, as it might have been another PC");
    }

    async fn what_is_set_back_stands_and_what_it_replaces_is_kept(lab) {
        // A file of before the edit that was worked on since cannot be told from a file in which the edit was taken back.
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let title = |at: i64, title: &str| {
            let id: i64 = value(&pc, &format!("select id from employees order by id limit 1 offset {at}"));
            let sql = format!("update employees set title = '{title}' where id = {id}");
            rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(&sql).unwrap();
        };
        title(0, "Ön Usta");
        lab.send(&pc).await.unwrap();
        let backup = pc.desktop.upload().unwrap();
        let count: i64 = value(&pc, "select count(*) from employees");
        let lost: Vec<String> = (1..count.min(5)).map(|at| format!("Usta {at}")).collect();
        for (at, name) in (1..).zip(&lost) {
            title(at, name);
        }
        lab.send(&pc).await.unwrap();
        std::fs::write(pc.desktop.path(), &backup).unwrap();
        for at in 0..9 {
            person(&pc, &format!("Yeni {at}"));
        }
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!(receipt.conflicts, lost.len());
        let mut kept = losers(&lab, "title").await;
        kept.sort();
        assert_eq!(kept, lost);
        let all = lab.all().await;
        assert!(all.has("employees", "Ön Usta"));
        person(&pc, "Son Kişi");
        assert_eq!(lab.send(&pc).await.unwrap().conflicts, 0, "once");
        assert_eq!(lab.all().await.rows(), all.rows() + 1);
    }

    async fn what_an_older_file_says_loses_and_is_kept(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let id: i64 = value(&pc, "select min(id) from employees");
        let name: String = value(&pc, "select full_name from employees order by id");
        let mut backup = Vec::new();
        for title in ["Unvan 1", "Unvan 2", "Unvan 3"] {
            pc.desktop.save_employee(Some(id), &Employee { full_name: &name, title, ..Employee::default() }).unwrap();
            lab.send(&pc).await.unwrap();
            if title == "Unvan 1" {
                backup = pc.desktop.upload().unwrap();
            }
        }
        let before = lab.all().await;
        std::fs::write(pc.desktop.path(), &backup).unwrap();
        pc.desktop.save_setting("company_name", "Deneme").unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "older_file"), "{:?}", receipt.reasons);
        assert_eq!((lab.all().await, losers(&lab, "title").await), (before, vec!["Unvan 1".to_owned()]));
        lab.fetch(&pc).await;
        assert!(Book::of(&pc).has("employees", "Unvan 3"));
    }

    async fn the_branch_that_gives_way_is_not_the_one_in_use(lab) {
        let (first, _) = doubled(&lab).await;
        let copy = first.desktop.upload().unwrap();
        let before = lab.all().await.rows();
        person(&first, "Ayten İlk");
        lab.send(&first).await.unwrap();
        for at in 1..40 {
            let other = lab.copy(&first, first.device.clone(), "Ankara");
            std::fs::write(other.desktop.path(), &copy).unwrap();
            person(&other, &format!("{at}. Kişi"));
            lab.send(&other).await.unwrap();
            if at % 4 == 0 {
                person(&first, &format!("Ayten {at}"));
                lab.send(&first).await.unwrap();
            }
        }
        assert_eq!(lab.all().await.rows(), before + 1 + 39 + 9, "nobody was entered twice");
    }

    async fn hours_of_one_never_become_hours_of_another(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await;
        for (pc, person) in [(&first, "min"), (&second, "max")] {
            let employee: i64 = value(pc, &format!("select {person}(employee_id) from timesheets"));
            let sheet = Timesheet { employee_id: employee, work_date: "2026-01-30", ..Timesheet::default() };
            pc.desktop.save_timesheet(None, &sheet).unwrap();
        }
        for at in 0..5 {
            second.desktop.save_setting("company_name", &at.to_string()).unwrap();
        }
        let all = take_turns(&lab, &first, &second, 2).await;
        assert_eq!(all.count("timesheets"), before.count("timesheets") + 2);
    }

    async fn days_of_one_person_under_one_id_stay_two_days(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await.count("timesheets");
        let employee: i64 = value(&first, "select min(employee_id) from timesheets");
        for (pc, date) in [(&first, "2026-01-28"), (&second, "2026-01-29")] {
            let sheet = Timesheet { employee_id: employee, work_date: date, start_time: "09:00", ..Timesheet::default() };
            pc.desktop.save_timesheet(None, &sheet).unwrap();
            // Both have this one, which looks as if the file had been copied after it.
            day(pc, "07:00");
        }
        let all = take_turns(&lab, &first, &second, 2).await;
        assert_eq!(all.count("timesheets"), before + 3);
        assert!(all.has("timesheets", "2026-01-28|09:00") && all.has("timesheets", "2026-01-29|09:00"));
    }

    // What cannot be known at once: one row, alike, in a file that counts enough changes.
    async fn what_was_taken_for_an_edit_becomes_two_rows_when_the_other_file_comes_again(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await;
        person(&first, "Ayten Örnek");
        person(&second, "Ayten Örnekoğlu");
        for at in 0..5 {
            second.desktop.save_setting("company_name", &at.to_string()).unwrap();
        }
        lab.send(&first).await.unwrap();
        lab.send(&second).await.unwrap();
        // As it is, it is a file that came before, and says nothing.
        first.desktop.save_setting("company_name", "Deneme").unwrap();
        let all = take_turns(&lab, &first, &second, 2).await;
        assert_eq!(all.rows(), before.rows() + 2);
        assert!(all.has("employees", "Ayten Örnek|") && all.has("employees", "Ayten Örnekoğlu|"));
    }

    async fn edits_and_deletions_of_both_files_are_not_undone_by_the_other(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await;
        let names: Vec<String> = ["", " desc"].iter().map(|way| value(&first, &format!("select full_name from employees order by id{way}"))).collect();
        for (pc, name, title) in [(&first, &names[0], "Usta"), (&second, &names[1], "Kalfa")] {
            let id: i64 = value(pc, &format!("select id from employees where full_name = '{name}'"));
            pc.desktop.save_employee(Some(id), &Employee { full_name: name, title, ..Employee::default() }).unwrap();
        }
        let gone: i64 = value(&second, "select min(id) from timesheets");
        second.desktop.delete(Record::Timesheet, gone).unwrap();
        day(&first, "08:00");
        let all = take_turns(&lab, &first, &second, 2).await;
        assert!(all.has("employees", "Usta") && all.has("employees", "Kalfa"));
        assert_eq!(all.count("timesheets"), before.count("timesheets") + 1, "nothing is deleted while it is not certain");
    }

    async fn two_files_of_one_token_that_take_turns_with_downloads_become_one(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await;
        for round in 0..3 {
            for (at, pc) in [&first, &second].into_iter().enumerate() {
                day(pc, &format!("0{}:{at}0", round + 5));
                lab.sync(pc).await;
            }
        }
        lab.sync(&first).await;
        assert_eq!(lab.all().await.count("timesheets"), before.count("timesheets") + 6);
        assert_eq!(Book::of(&first), lab.all().await);
        let id: i64 = value(&first, "select max(id) from timesheets");
        first.desktop.delete(Record::Timesheet, id).unwrap();
        lab.sync(&first).await;
        assert_eq!(lab.all().await.count("timesheets"), before.count("timesheets") + 5, "and deletes again");
    }

    async fn a_copy_made_later_than_the_hand_out_knows_the_rows_of_before(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&first).await;
        for start in ["05:00", "06:00"] {
            day(&first, start);
        }
        lab.send(&first).await.unwrap();
        let second = lab.copy(&first, first.device.clone(), "Ankara");
        let before = lab.all().await;
        day(&first, "08:00");
        day(&second, "09:00");
        let all = take_turns(&lab, &first, &second, 2).await;
        assert_eq!(all.count("timesheets"), before.count("timesheets") + 2, "no row of before comes twice");
    }

    async fn one_pc_that_does_not_download_edits_and_deletes_its_own_new_rows(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let before = lab.all().await;
        let first = day(&pc, "05:00");
        day(&pc, "06:00");
        lab.send(&pc).await.unwrap();
        let employee: i64 = value(&pc, "select min(employee_id) from timesheets");
        let form = Timesheet { employee_id: employee, work_date: "2026-01-30", start_time: "07:00", ..Timesheet::default() };
        pc.desktop.save_timesheet(Some(first), &form).unwrap();
        lab.send(&pc).await.unwrap();
        let all = lab.all().await;
        assert_eq!(all.count("timesheets"), before.count("timesheets") + 2, "an edit stays one");
        assert!(all.has("timesheets", "07:00") && !all.has("timesheets", "05:00"));
        pc.desktop.delete(Record::Timesheet, first).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.tables["timesheets"].deleted, receipt.reasons.len()), (1, 0), "{:?}", receipt.reasons);
    }

    async fn the_only_new_row_that_is_deleted_and_entered_again_stays_deleted(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let before = lab.all().await;
        let wrong = day(&pc, "05:00");
        lab.send(&pc).await.unwrap();
        pc.desktop.delete(Record::Timesheet, wrong).unwrap();
        day(&pc, "06:00");
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.tables["timesheets"].deleted, receipt.reasons.len()), (1, 0), "{:?}", receipt.reasons);
        let all = lab.all().await;
        assert_eq!(all.count("timesheets"), before.count("timesheets") + 1);
        assert!(all.has("timesheets", "06:00") && !all.has("timesheets", "05:00"));
    }

    async fn a_hand_out_that_somebody_went_on_from_is_not_given_again(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let id = day(&pc, "05:00");
        lab.send(&pc).await.unwrap();
        pc.desktop.delete(Record::Timesheet, id).unwrap();
        lab.send(&pc).await.unwrap();
        // What the file holds is as it was, but ids have been given since.
        lab.fetch(&pc).await;
        day(&pc, "06:00");
        for _ in 0..2 {
            let receipt = lab.send(&pc).await.unwrap();
            assert!(receipt.reasons.is_empty(), "{:?}", receipt.reasons);
        }
    }

    async fn a_pc_that_was_away_for_long_is_still_known_by_its_file(lab) {
        let (first, second) = doubled(&lab).await;
        let id: i64 = value(&first, "select min(id) from employees");
        let name: String = value(&first, "select full_name from employees order by id");
        for round in 0..40 {
            let title = format!("Unvan {round}");
            first.desktop.save_employee(Some(id), &Employee { full_name: &name, title: &title, ..Employee::default() }).unwrap();
            lab.sync(&first).await;
        }
        let before = lab.all().await;
        day(&second, "09:00");
        let receipt = lab.sync(&second).await;
        assert_eq!(receipt.conflicts, 0, "what it says of old is not news");
        assert_eq!(lab.all().await.rows(), before.rows() + 1);
        assert!(lab.all().await.has("employees", "Unvan 39"));
    }

    async fn a_hand_out_that_never_came_does_not_make_the_next_file_look_doubled(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let other = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&other).await;
        person(&other, "Cem Örnek");
        lab.sync(&other).await;
        // Made for the PC, with a number for the new person, and lost on the way.
        lab.file(&pc.device).await;
        person(&pc, "Ayten Örnek");
        let gone: i64 = value(&pc, "select max(id) from shift_templates");
        pc.desktop.delete_shift_template(gone).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert!(receipt.reasons.is_empty(), "{:?}", receipt.reasons);
        assert_eq!((receipt.tables["employees"].inserted, receipt.tables["shift_templates"].deleted), (1, 1));
        let id: i64 = value(&pc, "select id from employees where full_name = 'Ayten Örnek'");
        lab.fetch(&pc).await;
        assert_eq!(value::<i64>(&pc, "select id from employees where full_name = 'Ayten Örnek'"), id);
        assert!(value::<i64>(&pc, "select id from employees where full_name = 'Cem Örnek'") > id);
        assert!(lab.send(&pc).await.unwrap().reasons.is_empty());
        assert!(lab.store.alerts().await.unwrap().is_empty());
    }

    async fn a_restored_file_never_undoes_an_edit_in_silence(lab) {
        // What gives it away: fewer changes, as many changes but other bytes, or an id that was given and is not.
        for (region, edits, later) in [("Ankara", 3, 1), ("Bursa", 1, 1), ("İzmir", 1, 9)] {
            let pc = lab.pc(region, region, edits + later).await;
            lab.sync(&pc).await;
            let backup = pc.desktop.upload().unwrap();
            let id: i64 = value(&pc, "select min(id) from employees");
            let name: String = value(&pc, "select full_name from employees order by id");
            for at in 0..edits {
                let title = format!("Unvan {at}");
                pc.desktop.save_employee(Some(id), &Employee { full_name: &name, title: &title, ..Employee::default() }).unwrap();
            }
            if later > 1 {
                let id = person(&pc, "Giden Kişi");
                pc.desktop.delete(Record::Employee, id).unwrap();
            }
            lab.send(&pc).await.unwrap();
            let before = lab.all().await;
            std::fs::write(pc.desktop.path(), &backup).unwrap();
            for at in 0..later {
                pc.desktop.save_setting("company_name", &at.to_string()).unwrap();
            }
            let receipt = lab.send(&pc).await.unwrap();
            assert_eq!(lab.all().await, before, "{region}");
            let told = |reason: &&store::Reason| ["older_file", "doubled_file"].contains(&reason.reason.as_str());
            assert_eq!(receipt.reasons.iter().filter(told).count(), 1, "{region} {:?}", receipt.reasons);
        }
    }

    async fn what_the_other_file_deleted_does_not_come_again_as_a_new_row(lab) {
        let (first, second) = doubled(&lab).await;
        let before = lab.all().await.count("timesheets");
        let gone: i64 = value(&second, "select min(id) from timesheets");
        second.desktop.delete(Record::Timesheet, gone).unwrap();
        for at in 0..5 {
            first.desktop.save_setting("company_name", &at.to_string()).unwrap();
        }
        let all = take_turns(&lab, &second, &first, 2).await;
        assert_eq!(all.count("timesheets"), before - 1);
    }

    async fn a_tag_is_not_given_again_for_rows_that_were_changed_and_changed_back(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&first).await;
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&second).await;
        let idle = "select min(id) from employees where id not in (select employee_id from timesheets)";
        let name: String = value(&first, &format!("select full_name from employees where id = ({idle})"));
        let title: String = value(&second, &format!("select title from employees where full_name = '{name}'"));
        for title in ["Şef", &title] {
            let sql = format!("update employees set title = '{title}' where full_name = '{name}'");
            rusqlite::Connection::open(second.desktop.path()).unwrap().execute_batch(&sql).unwrap();
            lab.sync(&second).await;
        }
        let all = lab.all().await;
        // A file is made that holds what the PC has, and does not arrive.
        lab.file(&first.device).await;
        first.desktop.delete(Record::Employee, value(&first, idle)).unwrap();
        let receipt = lab.send(&first).await.unwrap();
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "not_deleted"), "it had not seen what was done: {:?}", receipt.reasons);
        assert_eq!(lab.all().await, all);
    }

    async fn a_hand_out_is_not_given_again_to_who_went_on_from_it_in_vain(lab) {
        let ankara = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&ankara).await;
        let mut center = lab.empty_pc("Merkez", "Bursa").await;
        center.device = lab.site("Merkez PC", "*").await;
        lab.sync(&center).await;
        let idle = "select min(id) from employees where id not in (select employee_id from timesheets)";
        // Hours for another region, which this PC does not see: its deletion of the person does not go through.
        let sheet = Timesheet { employee_id: value(&center, idle), work_date: "2026-02-02", ..Timesheet::default() };
        center.desktop.save_timesheet(None, &sheet).unwrap();
        lab.sync(&center).await;
        let before = Book::of(&ankara);
        // Without a note: what the PC has of its own stays as it was.
        let sql = format!("delete from employees where id = ({idle})");
        rusqlite::Connection::open(ankara.desktop.path()).unwrap().execute_batch(&sql).unwrap();
        lab.send(&ankara).await.unwrap();
        lab.fetch(&ankara).await;
        assert_eq!(Book::of(&ankara), before);
        let receipt = lab.send(&ankara).await.unwrap();
        assert!(receipt.reasons.is_empty(), "{:?}", receipt.reasons);
        day(&ankara, "05:00");
        let receipt = lab.sync(&ankara).await;
        assert_eq!((receipt.reasons.len(), receipt.tables["timesheets"].inserted), (0, 1), "{:?}", receipt.reasons);
    }
}
