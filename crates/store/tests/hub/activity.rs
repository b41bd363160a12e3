//! What people and PCs did cannot be changed without a trace.

use store::ActivityAsked;

use crate::lab::{Lab, on_both};

/// Seven lines, of two people; their numbers.
async fn seven(lab: &Lab) -> Vec<i64> {
    for at in 0..7 {
        lab.pass(60);
        lab.store.note(["ayse", "mehmet"][at % 2], "log_in", &format!("10.0.0.{at}")).await.unwrap();
    }
    let lines = lab.store.audit(100).await.unwrap();
    assert!(lines.iter().map(|line| line.id).is_sorted_by(|a, b| a > b), "newest first");
    lines.into_iter().rev().map(|line| line.id).collect()
}

on_both! {
    async fn lines_are_found_by_who_and_what_page_by_page(lab) {
        seven(&lab).await;
        lab.site("Ankara 1", "Ankara").await;
        let of = |who: &str| ActivityAsked { who: Some(who.to_owned()), count: 2, ..ActivityAsked::default() };
        let asked = async |asked: &ActivityAsked| -> Vec<(i64, String)> {
            let lines = lab.store.activity(asked).await.unwrap();
            lines.into_iter().map(|line| (line.id, line.what)).collect()
        };
        let what = |lines: &[(i64, String)]| lines.iter().map(|line| line.1.clone()).collect::<Vec<_>>();
        let first = asked(&of("ayse")).await;
        assert_eq!(what(&first), ["10.0.0.6", "10.0.0.4"]);
        let next = asked(&ActivityAsked { before: Some(first[1].0), count: 9, ..of("ayse") }).await;
        assert_eq!(what(&next), ["10.0.0.2", "10.0.0.0"]);
        let added = ActivityAsked { action: Some("site_add".to_owned()), count: 9, ..ActivityAsked::default() };
        assert_eq!(what(&asked(&added).await), ["Ankara 1"]);
        assert_eq!(asked(&ActivityAsked { who: Some("ayse".to_owned()), ..added }).await, []);
    }

    async fn whatever_is_done_to_the_lines_shows(lab) {
        let ids = seven(&lab).await;
        let whole = lab.store.check_activity().await.unwrap();
        assert!(whole.is_whole() && whole.lines >= 7 && whole.seal.len() == 32, "{whole:?}");
        let [first, middle, last] = [ids[0], ids[3], ids[6]];
        let then = ids[4];
        let keep = "drop table if exists kept; create table kept as select * from denk_audit";
        let put_back = "delete from denk_audit; insert into denk_audit select * from kept";
        lab.script(keep);
        let deeds = [
            (format!("update denk_audit set what = '10.0.0.9' where id = {middle}"), Some(middle), false),
            (format!("update denk_audit set who = 'mehmet' where id = {first}"), Some(first), false),
            (format!("update denk_audit set at = at + 1 where id = {last}"), Some(last), false),
            (format!("delete from denk_audit where id = {middle}"), Some(then), false),
            (format!("update denk_audit set seal = null where id = {middle}"), Some(middle), false),
            (format!("delete from denk_audit where id = {last}"), None, true),
            ("delete from denk_audit".to_owned(), None, true),
        ];
        for (deed, broken, cut) in deeds {
            lab.script(&deed);
            let found = lab.store.check_activity().await.unwrap();
            assert_eq!((found.broken, found.cut, found.is_whole()), (broken, cut, false), "{deed}");
            lab.script(put_back);
        }
        assert_eq!(lab.store.check_activity().await.unwrap(), whole);
        // The chain goes on from there.
        lab.store.note("ayse", "log_out", "").await.unwrap();
        let now = lab.store.check_activity().await.unwrap();
        assert_eq!((now.is_whole(), now.lines), (true, whole.lines + 1));
    }

    async fn two_things_said_together_are_not_the_same_as_apart(lab) {
        lab.store.note("ab", "c", "d").await.unwrap();
        let id = lab.store.audit(1).await.unwrap()[0].id;
        lab.script(&format!("update denk_audit set who = 'a', action = 'bc' where id = {id}"));
        assert_eq!(lab.store.check_activity().await.unwrap().broken, Some(id));
    }
}
