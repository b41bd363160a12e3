//! A hub that was restored, and what offices tell it again.

use model::{Gid, Stamp};
use replica::wire::{Cells, Change, End, Pushed};
use store::{Declined, Device, Since};

use crate::{
    agents::{NOW_MS, batch, cells, day_on, delete, employee, ends, gid, insert, push, text, update},
    forgotten::forget,
    lab::{Lab, on_both},
    mirror::fetched,
};

/// As an office tells it that only read it.
fn read(change: Change) -> Change {
    Change { again: Some(Cells::new()), at: (0, 0), ..change }
}

/// Rows that the office is told to take out of its file.
fn gone(pushed: &Pushed) -> Vec<Gid> {
    let mut gone: Vec<_> =
        pushed.rows.iter().filter(|row| row.cells.is_none()).map(|row| Gid::from_uuid(row.gid)).collect();
    gone.sort();
    gone
}

/// A person with a day whom one office tells the hub again, and deletes. Where the hub stands then.
async fn deleted(lab: &Lab, device: &Device) -> i64 {
    let head = push(
        lab,
        device,
        batch(1, 0, vec![employee(1, "Kişi Bir", "Ankara"), day_on(2, gid(1), "2026-01-05")]),
    )
    .await
    .to;
    let gone = vec![delete("timesheets", (gid(2), head)), delete("employees", (gid(1), head))];
    push(lab, device, batch(2, head, gone)).await;
    lab.store.health().await.unwrap().rev
}

async fn goes_by(lab: &Lab, device: &Device, mark: Option<String>) -> bool {
    match lab.store.pull(device, Since { rev: 1, mark }, 10).await {
        Ok(_) => true,
        Err(Declined::Behind { .. }) => false,
        Err(other) => panic!("{other:?}"),
    }
}

on_both! {
    async fn a_history_that_is_told_again_is_another_one(lab) {
        let said = || batch(1, 0, vec![employee(1, "Kişi Bir", "Ankara")]);
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let lost = push(&lab, &ankara, said()).await;
        // A hub that never heard of it, and is told what was said with the time at which it was.
        let again = lab.another().await;
        again.pass(1);
        let site = again.site("Ankara 1", "Ankara").await;
        let now = push(&again, &site, said()).await;
        assert_eq!((lost.to, now.to), (1, 1));
        assert!(goes_by(&lab, &ankara, lost.mark.clone()).await && goes_by(&again, &site, now.mark.clone()).await);
        assert!(!goes_by(&again, &site, lost.mark.clone()).await, "{lost:?} {now:?}");
        assert!(!goes_by(&lab, &ankara, now.mark).await);
    }

    async fn marks_of_before_they_told_when_are_known(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        push(&lab, &ankara, batch(1, 0, vec![employee(1, "Kişi Bir", "Ankara")])).await;
        let stamp = Stamp { wall_ms: NOW_MS - 1000, counter: 0, site: ankara.site };
        let before = |rev: i64| Some(blake3::hash(format!("{rev} {stamp}").as_bytes()).to_hex()[..16].to_owned());
        assert!(goes_by(&lab, &ankara, before(1)).await && !goes_by(&lab, &ankara, before(2)).await);
    }

    async fn who_was_deleted_since_stays_so_when_an_office_that_was_away_tells_them_again(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let head = deleted(&lab, &a).await;
        let known = vec![employee(1, "Kişi Bir", "Ankara"), day_on(2, gid(1), "2026-01-05"), day_on(3, gid(1), "2026-01-06")];
        let told = push(&lab, &b, batch(1, head, known.into_iter().map(read).collect())).await;
        assert_eq!((ends(&told), told.conflicts), (vec![End::Merged; 3], 0));
        assert_eq!(gone(&told), [gid(1), gid(2), gid(3)], "{told:?}");
        assert_eq!(fetched(&lab, &a, 0).await.rows(), 0);
        // What nobody deleted comes back with them.
        let fresh = update("employees", (gid(1), 0), [("title", text("Usta"))]);
        push(&lab, &b, batch(2, head, vec![fresh])).await;
        let now = fetched(&lab, &a, 0).await;
        assert_eq!((now.names("employees"), now.tables["timesheets"].len()), (vec!["Kişi Bir".to_owned()], 1));
    }

    async fn a_word_that_is_told_again_undoes_a_deletion_only_if_it_is_later(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let head = deleted(&lab, &a).await;
        let own = |at| Change { again: Some(Cells::new()), at: (at, 9), ..update("employees", (gid(1), 0), [("title", text("Usta"))]) };
        let person = || read(employee(1, "Kişi Bir", "Ankara"));
        push(&lab, &b, batch(1, head, vec![person(), own(NOW_MS - 2000)])).await;
        assert_eq!(fetched(&lab, &a, 0).await.rows(), 0, "who deleted them may have seen it");
        push(&lab, &b, batch(2, head, vec![person(), own(NOW_MS - 500)])).await;
        assert_eq!(fetched(&lab, &a, 0).await.names("employees"), ["Kişi Bir"]);
    }

    async fn who_was_brought_back_before_the_hub_was_lost_comes_back(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let head = deleted(&lab, &a).await;
        // The office had everything up to here, the deletion too, and had the person after that.
        let person = Change { base: head, ..read(employee(1, "Kişi Bir", "Ankara")) };
        push(&lab, &b, batch(1, head, vec![person])).await;
        assert_eq!(fetched(&lab, &a, 0).await.names("employees"), ["Kişi Bir"]);
    }

    async fn who_is_forgotten_stays_so_when_an_office_that_was_away_tells_them_again(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let person = |number| {
            let said = [("full_name", text("Gizlenen Kişi")), ("identity_no", text("12345678950")), ("region", text("Ankara"))];
            insert("employees", gid(number), said)
        };
        let head = push(&lab, &a, batch(1, 0, vec![person(1), person(2)])).await.to;
        push(&lab, &a, batch(2, head, vec![delete("employees", (gid(2), head))])).await;
        for number in [1, 2] {
            forget(&lab, &gid(number).to_string()).await;
        }
        let head = lab.store.health().await.unwrap().rev;
        let said = vec![read(person(1)), read(person(2)), read(day_on(3, gid(1), "2026-01-05"))];
        let told = push(&lab, &b, batch(1, head, said)).await;
        assert_eq!(gone(&told), [gid(2)], "{told:?}");
        let now = fetched(&lab, &a, 0).await;
        let names = now.names("employees");
        assert!(names.len() == 1 && names[0].starts_with("Silinen kişi"), "{names:?}");
        assert_eq!(now.tables["timesheets"].len(), 1);
        assert!(lab.store.conflicts().await.unwrap().is_empty());
    }

    async fn who_is_told_again_by_two_offices_at_once_is_there_once(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let person = || employee(1, "Ayşe Deneme", "Ankara");
        let day = || read(day_on(2, gid(1), "2026-01-05"));
        let name = update("employees", (gid(1), 0), [("full_name", text("Ayşe Örnek"))]);
        let told = push(&lab, &a, batch(1, 0, vec![read(person()), name, day()])).await;
        assert_eq!(told.conflicts, 0, "nobody contradicts himself");
        // The other one has not heard of that yet, nor of the new name.
        let told = push(&lab, &b, batch(1, 0, vec![read(person()), day()])).await;
        assert!(told.fates.iter().all(|fate| fate.gid.is_none()), "{told:?}");
        let now = fetched(&lab, &a, 0).await;
        assert_eq!((now.names("employees"), now.tables["timesheets"].len()), (vec!["Ayşe Örnek".to_owned()], 1));
        // What a copied file made under that identity is somebody else all the same.
        let other = Change { again: Some(cells([("full_name", text("Öteki Kişi"))])), ..read(employee(1, "Öteki Kişi", "Ankara")) };
        push(&lab, &b, batch(2, 0, vec![other])).await;
        assert_eq!(fetched(&lab, &a, 0).await.names("employees").len(), 2);
    }

    async fn who_moved_while_the_hub_had_forgotten_them_leaves_the_file_of_the_office_that_had_them(lab) {
        let (ankara, center) = (lab.site("Ankara 1", "Ankara").await, lab.site("Merkez", "*").await);
        let head = push(&lab, &center, batch(1, 0, vec![employee(1, "Kişi Bir", "Bursa")])).await.to;
        let told = push(&lab, &ankara, batch(1, head, vec![read(employee(1, "Kişi Bir", "Ankara"))])).await;
        assert_eq!((ends(&told), gone(&told)), (vec![End::Refused], vec![gid(1)]));
        assert_eq!(lab.store.conflicts().await.unwrap().len(), 1, "what it said otherwise is kept");
        // So is what was typed since the two had agreed.
        let typed = update("employees", (gid(1), 0), [("title", text("Usta"))]);
        let typed = Change { again: Some(Cells::new()), ..typed };
        push(&lab, &ankara, batch(2, head, vec![read(employee(1, "Kişi Bir", "Ankara")), typed])).await;
        let kept = lab.store.conflicts().await.unwrap();
        assert!(kept.iter().any(|kept| kept.loser.value == Some("Usta".into())), "{kept:?}");
    }
}
