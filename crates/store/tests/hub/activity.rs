//! What people and PCs did cannot be changed without a trace.

use merge::Region;
use store::{Accounts, ActivityAsked, ActivityPage, By, Role, User, Viewer};

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
            let page = lab.store.activity(&Viewer::new(Role::Admin, Region::All), asked).await.unwrap();
            page.unwrap().lines.into_iter().map(|line| (line.id, line.what)).collect()
        };
        let what = |lines: &[(i64, String)]| lines.iter().map(|line| line.1.clone()).collect::<Vec<_>>();
        let first = asked(&of("ayse")).await;
        assert_eq!(what(&first), ["10.0.0.6", "10.0.0.4"]);
        let next = asked(&ActivityAsked { before: Some(first[1].0), count: 9, ..of("ayse") }).await;
        assert_eq!(what(&next), ["10.0.0.2", "10.0.0.0"]);
        let added = ActivityAsked { actions: vec!["site_add".to_owned()], count: 9, ..ActivityAsked::default() };
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

fn viewer(role: Role, region: &str) -> Viewer {
    Viewer::new(role, Region::new(region))
}

async fn page(lab: &Lab, viewer: &Viewer, asked: ActivityAsked) -> Option<ActivityPage> {
    lab.store.activity(viewer, &asked).await.unwrap()
}

fn whats(page: &ActivityPage) -> Vec<&str> {
    page.lines.iter().map(|line| line.what.as_str()).collect()
}

on_both! {
    async fn a_line_concerns_the_region_of_whom_it_was_done_to_and_others_do_not_see_it(lab) {
        let accounts = Accounts::open(&lab.settings).await.unwrap();
        for (name, region) in [("ayse", "Ankara"), ("berk", "Bursa"), ("patron", "*")] {
            let (role, password_hash) = (Role::Manager, String::new());
            let region = Region::new(region);
            let user = User { name: name.into(), role, region, password_hash, must_change: false, disabled: false };
            let regions = ["Ankara".to_owned(), "Bursa".to_owned()].into();
            accounts.add(By::Machine, &user, &regions).await.unwrap();
        }
        lab.store.add_site("Ankara 1", "Ankara").await.unwrap();
        lab.store.add_site("Merkez 1", "*").await.unwrap();
        for [who, action, what] in [
            ["ayse", "log_in", "a"],
            ["berk", "log_in", "b"],
            ["patron", "log_in", "p"],
            ["?", "log_in_failed", "q"],
            ["patron", "user_disable", "berk"],
            ["Ankara 1", "other", "s"],
        ] {
            lab.store.note(who, action, what).await.unwrap();
        }
        lab.store.rename_site("Ankara 1", "Kule").await.unwrap();
        lab.store.revoke_site("Kule").await.unwrap();
        let all = || ActivityAsked { count: 99, ..ActivityAsked::default() };
        let ankara = ["Kule", "Ankara 1 -> Kule", "s", "a", "Ankara 1"];
        for role in [Role::Admin, Role::Manager] {
            let own = page(&lab, &viewer(role, "Ankara"), all()).await.unwrap();
            assert_eq!(whats(&own), ankara, "{role:?}");
            let other = page(&lab, &viewer(role, "Bursa"), all()).await.unwrap();
            assert_eq!(whats(&other), ["berk", "b"], "{role:?}");
            let everything = page(&lab, &viewer(role, "*"), all()).await.unwrap();
            assert_eq!(everything.lines.len(), 10, "{role:?}");
            // Whatever is asked for.
            let asked = ActivityAsked { region: Some("Bursa".into()), ..all() };
            assert_eq!(page(&lab, &viewer(role, "Ankara"), asked.clone()).await.unwrap().lines, []);
            assert_eq!(whats(&page(&lab, &viewer(role, "*"), asked).await.unwrap()), ["berk", "b"]);
        }
        for (role, region) in [(Role::Office, "Ankara"), (Role::Viewer, "Ankara"), (Role::Viewer, "*")] {
            assert_eq!(page(&lab, &viewer(role, region), all()).await, None, "{role:?} of {region}");
        }
        // It stays where it was, wherever the person goes.
        lab.script("update denk_users set region = 'Bursa' where name = 'ayse'");
        assert_eq!(whats(&page(&lab, &viewer(Role::Admin, "Ankara"), all()).await.unwrap()), ankara);
        lab.script("update denk_audit set region = 'Bursa' where what = 'a'");
        assert!(!lab.store.check_activity().await.unwrap().is_whole(), "it is sealed with the line");
        lab.script("update denk_audit set region = 'Ankara' where what = 'a'");
        lab.script("update denk_audit set region = null where what = 'b'");
        assert!(!lab.store.check_activity().await.unwrap().is_whole());
    }

    async fn lines_are_found_by_time_and_turned_both_ways_without_a_line_lost_or_twice(lab) {
        let (admin, mut times) = (viewer(Role::Admin, "*"), Vec::new());
        for at in 0..40 {
            lab.pass(60);
            // Numbers go to other things as well.
            lab.store.warn("backup_full", &format!("{at}")).await.unwrap();
            lab.store.note("ayse", "log_in", &at.to_string()).await.unwrap();
            times.push(lab.store.audit(1).await.unwrap()[0].at_ms);
        }
        let between = |from: usize, until: usize| ActivityAsked {
            from_ms: Some(times[from]), until_ms: Some(times[until]), count: 7, ..ActivityAsked::default()
        };
        let numbers = |page: &ActivityPage| -> Vec<usize> {
            page.lines.iter().map(|line| line.what.parse().unwrap()).collect()
        };
        let (mut asked, mut down) = (between(5, 30), Vec::new());
        loop {
            let found = page(&lab, &admin, asked.clone()).await.unwrap();
            down.extend(numbers(&found));
            let Some(older) = found.older else { break };
            asked.before = Some(older);
        }
        assert_eq!(down, (5..30).rev().collect::<Vec<_>>(), "from then on, and before then");
        // Back up from the last page.
        let (mut asked, mut up) = (ActivityAsked { before: None, ..asked }, Vec::new());
        let lines = lab.store.audit(99).await.unwrap();
        asked.after = lines.iter().find(|line| line.what == "5").map(|line| line.id);
        loop {
            let found = page(&lab, &admin, asked.clone()).await.unwrap();
            up.extend(numbers(&found).into_iter().rev());
            let Some(newer) = found.newer else { break };
            asked.after = Some(newer);
        }
        assert_eq!(up, (6..30).collect::<Vec<_>>());
        assert_eq!(numbers(&page(&lab, &admin, between(39, 39)).await.unwrap()), [0; 0]);
    }

    async fn what_a_check_found_is_kept(lab) {
        assert_eq!(lab.store.activity_checked().await.unwrap(), None);
        lab.store.note("ayse", "log_in", "").await.unwrap();
        let found = lab.store.check_activity().await.unwrap();
        let kept = lab.store.activity_checked().await.unwrap().unwrap();
        assert!(found.is_whole() && kept.sealed == found && kept.at_ms > 0, "{kept:?}");
        lab.script("update denk_audit set what = 'x'");
        let found = lab.store.check_activity().await.unwrap();
        assert_eq!(lab.store.activity_checked().await.unwrap().unwrap().sealed, found);
        assert!(!found.is_whole());
    }
}
