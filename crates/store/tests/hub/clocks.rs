//! Clocks of PCs that are wrong: told once, and taken for nothing.

use replica::wire::{Change, End, Push};

use crate::{
    agents::{NOW_MS, batch, employee, gid, push, text, update},
    lab::on_both,
    mirror::fetched,
};

on_both! {
    async fn clocks_are_not_trusted_and_no_edit_is_taken_for_an_old_one(lab) {
        let (one, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let hour = 3_600_000;
        let at = |ms: i64, change: Change| Change { at: (ms, 0), ..change };
        let title = |base, to: &str| update("employees", (gid(1), base), [("title", text(to))]);
        let ahead = Push { clock_ms: NOW_MS + hour, ..batch(1, 0, vec![at(NOW_MS + hour, employee(1, "Ayşe Deneme", "Ankara"))]) };
        push(&lab, &one, ahead).await;
        let ahead = Push { clock_ms: NOW_MS + hour, ..batch(2, 1, vec![at(NOW_MS + hour, title(1, "Şef"))]) };
        push(&lab, &one, ahead).await;
        let skewed = lab.store.alerts().await.unwrap();
        assert_eq!(skewed.iter().filter(|alert| alert.kind == "clock_skew").count(), 1, "told once");
        lab.pass(60);
        // Its clock does not win for an hour.
        let later = push(&lab, &other, batch(1, 0, vec![at(NOW_MS + 30_000, title(0, "Usta"))])).await;
        assert_eq!((later.fates[0].end, later.conflicts), (End::Merged, 1), "it has not seen all of the row");
        // A clock that was set back: what is said now is new all the same.
        let rev = lab.store.health().await.unwrap().rev;
        let back = push(&lab, &one, batch(3, rev, vec![at(NOW_MS - 48 * hour, title(rev, "Müdür"))])).await;
        assert_eq!(back.fates[0].end, End::Taken);
        assert_eq!(fetched(&lab, &one, 0).await.row("employees", gid(1).uuid())["title"], text("Müdür"));
    }

    async fn no_clock_is_so_far_off_that_a_site_is_lost(lab) {
        let one = lab.site("Ankara 1", "Ankara").await;
        for (number, clock_ms) in (1..).zip([i64::MIN, i64::MIN, i64::MAX, i64::MAX, NOW_MS]) {
            let person = Change { at: (clock_ms, 0), ..employee(u128::from(number), "Ayşe Deneme", "Ankara") };
            let told = push(&lab, &one, Push { clock_ms, ..batch(number, 0, vec![person]) }).await;
            assert_eq!(told.fates[0].end, End::Taken, "{clock_ms}");
        }
    }
}
