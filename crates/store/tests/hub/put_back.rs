//! Batches of files that were put back, and of agents that have seen a history that a restored hub has lost.

use replica::wire::Push;
use store::{Decision, Declined, Device};

use crate::{
    agents::{batch, delete, employee, gid, insert, text},
    lab::{Lab, on_both},
    mirror::fetched,
};

/// Thirty people, and a batch that waits: all of them are deleted, and there is somebody new.
async fn waiting(lab: &Lab, device: &Device) -> (i64, i64) {
    let people = (1..=30).map(|number| employee(number, &format!("Kişi {number:02}"), "Ankara")).collect();
    let seen = lab.store.push(device, batch(1, 0, people)).await.unwrap().to;
    let mut changes: Vec<_> = (1..=30).map(|at| delete("employees", (gid(at), seen))).collect();
    changes.insert(0, employee(40, "Yeni Kişi", "Ankara"));
    assert!(lab.store.push(device, batch(2, seen, changes)).await.unwrap().held);
    (seen, lab.store.held().await.unwrap()[0].id)
}

on_both! {
    async fn a_page_has_as_much_as_a_message_can_hold(lab) {
        let (one, two) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        for number in 1..=6 {
            let long = [("full_name", text(&format!("Kişi {number}"))), ("title", text(&"x".repeat(2_000_000)))];
            let change = insert("employees", gid(number.into()), long);
            lab.store.push(&one, batch(number, number as i64 - 1, vec![change])).await.unwrap();
        }
        let page = lab.store.pull(&two, 0, 1_000).await.unwrap();
        assert!(page.more && (1..=3).contains(&page.rows.len()), "{}", page.rows.len());
        assert_eq!(fetched(&lab, &two, 0).await.rows(), 6);
        let longer = [("full_name", text("Kişi")), ("title", text(&"x".repeat(5_000_000)))];
        let answer = lab.store.push(&one, batch(7, 6, vec![insert("employees", gid(7), longer)])).await;
        assert!(matches!(answer, Err(Declined::Message(_))), "{answer:?}");
    }

    async fn what_waits_of_a_lost_file_waits_on_when_its_backup_is_put_back(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let (seen, held) = waiting(&lab, &ankara).await;
        let restored = Push { unsure: true, ..batch(3, seen, vec![employee(50, "Bir Kişi", "Ankara")]) };
        lab.store.push(&ankara, restored).await.unwrap();
        assert_eq!(lab.store.held().await.unwrap().len(), 1);
        lab.store.decide(held, Decision::SendBack, "admin").await.unwrap();
        assert!(fetched(&lab, &ankara, 0).await.names("employees").contains(&"Yeni Kişi".to_owned()));
        assert!(!lab.store.push(&ankara, batch(4, seen, Vec::new())).await.unwrap().held);
    }

    async fn who_does_not_know_of_a_decided_batch_goes_on_without_it(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let (seen, held) = waiting(&lab, &ankara).await;
        lab.store.decide(held, Decision::LetThrough, "admin").await.unwrap();
        assert!(matches!(lab.store.push(&ankara, batch(1, seen, Vec::new())).await, Err(Declined::Older { number: 2, .. })));
        let restored = Push { unsure: true, ..batch(3, seen, vec![employee(50, "Bir Kişi", "Ankara")]) };
        lab.store.push(&ankara, restored).await.unwrap();
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["Bir Kişi", "Yeni Kişi"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_taken_of_an_agent_that_has_seen_what_the_hub_has_lost() {
    let mut lab = Lab::sqlite().await;
    let (ankara, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
    lab.store.push(&ankara, batch(1, 0, vec![employee(1, "Kişi Bir", "Ankara")])).await.unwrap();
    let backup = lab.folder.path().join("backup.db");
    lab.script(&format!("vacuum into '{}'", backup.display()));
    let lost = lab.store.push(&other, batch(1, 1, vec![employee(2, "Kişi İki", "Ankara")])).await.unwrap();
    let page = lab.store.pull(&ankara, 0, 10).await.unwrap();
    assert_eq!(
        (page.mark.as_ref(), lost.to),
        (lost.mark.as_ref(), page.next),
        "a batch and a page mark alike"
    );
    lab.settings.address = database::Address::sqlite(backup);
    lab.reopen().await;
    lab.pass(60);
    let third = lab.site("Ankara 3", "Ankara").await;
    let now = lab.store.push(&third, batch(1, 0, vec![employee(3, "Kişi Üç", "Ankara")])).await.unwrap();
    assert_eq!(now.to, page.next, "as many as were lost");
    let said = Push { mark: page.mark, ..batch(2, page.next, vec![employee(4, "Kişi Dört", "Ankara")]) };
    let answer = lab.store.push(&ankara, said).await;
    assert!(matches!(answer, Err(Declined::Behind { number: 1, seen: 0 })), "{answer:?}");
    let same = Push { mark: now.mark, ..batch(2, now.to, vec![employee(4, "Kişi Dört", "Ankara")]) };
    lab.store.push(&ankara, same).await.unwrap();
}
