//! A hub that was restored, and what offices tell it again.

use model::Stamp;
use store::{Declined, Device, Since};

use crate::{
    agents::{NOW_MS, batch, employee, push},
    lab::{Lab, on_both},
};

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
}
