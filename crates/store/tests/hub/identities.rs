//! New rows of agents under identities that others have, and rows that a restored hub is told again.

use model::{Gid, Value};
use replica::wire::{Cell, Cells, Change, End, Push, Pushed};

use crate::{
    agents::{NOW_MS, batch, cells, day_on, employee, ends, gid, insert, push, text, to, update},
    lab::on_both,
    mirror::fetched,
};

on_both! {
    async fn a_row_of_an_identity_that_is_taken_gets_another(lab) {
        let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
        push(&lab, &bursa, batch(1, 0, vec![employee(1, "Bursalı Kişi", "Bursa")])).await;
        push(&lab, &ankara, batch(1, 0, vec![employee(2, "Ayşe Deneme", "Ankara")])).await;
        let day = |number, of| insert("timesheets", gid(number), [("employee_id", to(of)), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00"))]);
        // A copy of the PC's file sends the same row; a row of somebody else's identity is another one, with what refers to it.
        let told = push(&lab, &ankara, batch(2, 2, vec![
            employee(1, "Mehmet Örnek", "Ankara"),
            day(11, gid(1)),
            employee(2, "Ayşe Deneme", "Ankara"),
        ])).await;
        assert_eq!(ends(&told), [End::Taken, End::Merged, End::Taken], "the day's region was filled in");
        let other = told.fates[0].gid.unwrap();
        assert_ne!(other, gid(1).uuid());
        assert_eq!((told.fates[1].gid, told.fates[2].gid), (None, None));
        let told = push(&lab, &ankara, batch(3, told.to.max(2), vec![
            insert("drivers", gid(2), [("full_name", text("Şoför Bir")), ("region", text("Ankara"))]),
        ])).await;
        assert!(told.fates[0].gid.is_some(), "an identity is one row's, in whatever table");
        let mine = fetched(&lab, &ankara, 0).await;
        assert_eq!(mine.names("employees"), ["Ayşe Deneme", "Mehmet Örnek"]);
        assert_eq!(mine.row("timesheets", gid(11).uuid())["employee_id"], Cell(Value::Uuid(other)));
        assert_eq!(fetched(&lab, &bursa, 0).await.names("employees"), ["Bursalı Kişi"]);
    }

    async fn hours_of_another_person_under_a_taken_identity_are_other_hours(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let day = |number, of| insert("timesheets", gid(number), [("employee_id", to(of)), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Ankara"))]);
        let told = push(&lab, &ankara, batch(1, 0, vec![employee(1, "Ayşe Deneme", "Ankara"), day(2, gid(1))])).await;
        // A copy of the file gives its own new person, with hours of that day, the same identities.
        let copy = lab.site("Ankara 2", "Ankara").await;
        let told = push(&lab, &copy, Push { unsure: true, ..batch(1, told.to, vec![employee(1, "Mehmet Örnek", "Ankara"), day(2, gid(1))]) }).await;
        assert_eq!(ends(&told), [End::Taken, End::Taken], "{told:?}");
        let all = fetched(&lab, &ankara, 0).await;
        assert_eq!((all.names("employees"), all.rows()), (vec!["Ayşe Deneme".to_owned(), "Mehmet Örnek".to_owned()], 4));
        let [person, hours] = [0, 1].map(|at| told.fates[at].gid.unwrap());
        assert_eq!(all.row("timesheets", hours)["employee_id"], Cell(Value::Uuid(person)));
        assert_eq!(all.row("timesheets", gid(2).uuid())["employee_id"], to(gid(1)));
    }

    async fn who_comes_again_under_a_taken_identity_is_the_one_that_came_before(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let day = |number, of| insert("timesheets", gid(number), [("employee_id", to(of)), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Ankara"))]);
        push(&lab, &ankara, batch(1, 0, vec![employee(1, "Ayşe Deneme", "Ankara"), day(2, gid(1))])).await;
        // The file was restored twice from a backup of before: there the number was Mehmet's, who had hours.
        let restored = |number| Push { unsure: true, ..batch(number, 0, vec![employee(1, "Mehmet Örnek", "Ankara"), day(2, gid(1)), day(3, gid(1))]) };
        let first = push(&lab, &ankara, restored(2)).await;
        let second = push(&lab, &ankara, restored(3)).await;
        let names = |pushed: &Pushed| -> Vec<_> { pushed.fates.iter().map(|fate| fate.gid).collect() };
        assert_eq!(names(&first), names(&second));
        assert!(first.fates[0].gid.is_some() && first.fates[1].gid.is_some());
        let all = fetched(&lab, &ankara, 0).await;
        assert_eq!((all.names("employees"), all.rows()), (vec!["Ayşe Deneme".to_owned(), "Mehmet Örnek".to_owned()], 5));
        // Corrected meanwhile, it is not known again by what it said: nobody is written over.
        let mehmet = first.fates[0].gid.unwrap();
        push(&lab, &ankara, batch(4, all.cursor, vec![update("employees", (Gid::from_uuid(mehmet), all.cursor), [("full_name", text("Fatma Deneme"))])])).await;
        assert_ne!(push(&lab, &ankara, restored(5)).await.fates[0].gid, Some(mehmet));
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["Ayşe Deneme", "Fatma Deneme", "Mehmet Örnek"]);
    }

    async fn a_row_that_a_restored_hub_is_told_again_is_the_one_that_it_was_however_it_was_corrected(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        // The hub lost them; one office tells them again, then one that has corrected them meanwhile.
        push(&lab, &a, batch(1, 0, vec![employee(1, "Aysel Demir", "Ankara"), day_on(2, gid(1), "2026-01-23"), day_on(3, gid(1), "2026-01-24")])).await;
        let corrected = || vec![employee(1, "Aysel Demirci", "Ankara"), day_on(2, gid(1), "2026-01-22"), day_on(3, gid(1), "2026-01-24")];
        let later = |change: Change| Change { at: (NOW_MS, 0), ..change };
        let said = [cells([("full_name", text("Aysel Demir"))]), cells([("work_date", text("2026-01-23"))]), Cells::new()];
        let again = corrected().into_iter().zip(said).map(|(change, said)| later(Change { again: Some(said), ..change }));
        let told = push(&lab, &b, batch(1, 0, again.collect())).await;
        assert!(told.fates.iter().all(|fate| fate.gid.is_none()), "{told:?}");
        assert_eq!(told.conflicts, 2, "what did not stand is kept");
        let all = fetched(&lab, &a, 0).await;
        assert_eq!((all.rows(), all.names("employees")), (3, vec!["Aysel Demirci".to_owned()]));
        assert_eq!(all.row("timesheets", gid(2).uuid())["work_date"], text("2026-01-22"));
        // An agent that does not say so: who was corrected may be somebody else.
        let told = push(&lab, &lab.site("Ankara 3", "Ankara").await, batch(1, 0, vec![employee(1, "Ayla Demir", "Ankara")])).await;
        assert!(told.fates[0].gid.is_some(), "{told:?}");
    }

    async fn who_got_a_lost_row_s_identity_at_a_restored_hub_is_not_taken_for_it(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let mehmet = vec![employee(1, "Mehmet Örnek", "Ankara"), day_on(2, gid(1), "2026-01-23")];
        let aysel = || {
            let people = vec![employee(1, "Aysel Demirci", "Ankara"), day_on(2, gid(1), "2026-01-23"), day_on(3, gid(1), "2026-01-24")];
            let said = [cells([("full_name", text("Aysel Demir"))]), Cells::new(), Cells::new()];
            people.into_iter().zip(said).map(|(change, said)| Change { again: Some(said), ..change }).collect::<Vec<_>>()
        };
        // A copied file made somebody under that identity, who is told first.
        push(&lab, &a, batch(1, 0, mehmet.clone())).await;
        let told = push(&lab, &b, batch(1, 0, aysel())).await;
        let her = told.fates[0].gid.expect("she is somebody else");
        assert!(told.fates[1].gid.is_some() && told.fates[2].gid.is_none(), "her day is not his: {told:?}");
        let all = fetched(&lab, &a, 0).await;
        assert_eq!((all.names("employees"), all.rows()), (vec!["Aysel Demirci".to_owned(), "Mehmet Örnek".to_owned()], 5));
        assert_eq!(all.row("timesheets", gid(2).uuid())["employee_id"], to(gid(1)));
        assert_eq!(all.row("timesheets", gid(3).uuid())["employee_id"], to(Gid::from_uuid(her)));
        // The other way round he is somebody else.
        let (c, d) = (lab.site("Ankara 3", "Ankara").await, lab.site("Ankara 4", "Ankara").await);
        let under = |number: u128, changes: Vec<Change>| -> Vec<Change> {
            let named = |cell: &mut Cell| if *cell == to(gid(1)) { *cell = to(gid(number)) };
            let renamed = changes.into_iter().map(|mut change| {
                change.gid = if change.table == "employees" { gid(number).uuid() } else { gid(number + u128::from(change.gid == gid(3).uuid()) + 1).uuid() };
                change.insert.iter_mut().flat_map(Cells::values_mut).for_each(named);
                change
            });
            renamed.collect()
        };
        assert!(push(&lab, &c, batch(1, 0, under(20, aysel()))).await.fates.iter().all(|fate| fate.gid.is_none()));
        let told = push(&lab, &d, batch(1, 0, under(20, mehmet))).await;
        assert!(told.fates.iter().all(|fate| fate.gid.is_some()), "{told:?}");
        assert_eq!(fetched(&lab, &c, 0).await.rows(), 10);
    }

    async fn who_says_that_they_had_another_region_s_row_does_not_get_it(lab) {
        let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
        push(&lab, &bursa, batch(1, 0, vec![employee(1, "Bursalı Kişi", "Bursa")])).await;
        let before = fetched(&lab, &bursa, 0).await;
        let said = Change { again: Some(cells([("full_name", text("Bursalı Kişi")), ("region", text("Bursa"))])), ..employee(1, "Başka Kişi", "Ankara") };
        let told = push(&lab, &ankara, batch(1, 0, vec![said.clone()])).await;
        assert_eq!((told.fates[0].end, told.fates[0].gid), (End::Refused, None), "that person may have moved: {told:?}");
        assert!(told.rows.iter().all(|row| row.cells.is_none() && row.rev == 0), "{told:?}");
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 0);
        assert_eq!(fetched(&lab, &bursa, 0).await.tables, before.tables);
        // What no table holds says nothing, and holds up nothing.
        let odd = cells([("full_name", to(gid(9))), ("salary", text("1"))]);
        let told = push(&lab, &ankara, batch(2, 0, vec![Change { again: Some(odd), ..employee(30, "Yeni Kişi", "Ankara") }])).await;
        assert_eq!(told.fates[0].end, End::Taken);
    }
}
