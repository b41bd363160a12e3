//! Changes that are taken back: one, or all that came together.

use merge::Region;
use model::Gid;
use replica::wire::{Change, Delete};
use store::{Decision, Denied, Device, HistoryLine, Role, Undoing, Undone, Unmade, Viewer, WhyKept};

use crate::{
    agents::{batch, delete, employee, gid, insert, push, text, to, update},
    lab::{Lab, on_both},
    mirror::fetched,
};

fn change(rev: i64, number: u128) -> Undoing {
    Undoing::Change { rev, gid: gid(number).to_string() }
}

fn vehicle(number: u128, plate: &str) -> Change {
    insert("vehicles", gid(number), [("plate", text(plate)), ("region", text("Ankara"))])
}

fn day(number: u128, person: u128) -> Change {
    let cells = [
        ("employee_id", to(gid(person))),
        ("work_date", text("2026-01-23")),
        ("start_time", text("08:00")),
        ("end_time", text("17:00")),
    ];
    insert("timesheets", gid(number), cells)
}

fn gone_with(change: Change, parent: Gid) -> Change {
    Change { delete: Some(Delete { with: Some(parent.uuid()) }), ..change }
}

async fn look(lab: &Lab, what: &Undoing) -> Undone {
    lab.store.look_undo(what, false).await.unwrap()
}

/// Looks and agrees.
async fn undo(lab: &Lab, what: &Undoing) -> Undone {
    let agreed = look(lab, what).await.agreed;
    lab.store.undo(what, false, &agreed, ("merkez", "yanlış")).await.unwrap()
}

async fn undo_over(lab: &Lab, what: &Undoing) -> Undone {
    let agreed = lab.store.look_undo(what, true).await.unwrap().agreed;
    lab.store.undo(what, true, &agreed, ("merkez", "")).await.unwrap()
}

/// Pushes; where the hub stands then.
async fn to_head(lab: &Lab, device: &Device, said: replica::wire::Push) -> i64 {
    push(lab, device, said).await;
    head(lab).await
}

fn kept(undone: &Undone) -> Vec<WhyKept> {
    undone.kept.iter().map(|kept| kept.why).collect()
}

async fn head(lab: &Lab) -> i64 {
    lab.store.status().await.unwrap().rev
}

/// Two PCs of Ankara with three people and one vehicle.
async fn ankara(lab: &Lab) -> (Device, Device, i64) {
    let (one, two) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
    let people = (1..=3).map(|number| employee(number, &format!("Kişi {number}"), "Ankara"));
    let seen = to_head(lab, &one, batch(1, 0, people.chain([vehicle(9, "06 A 9")]).collect())).await;
    (one, two, seen)
}

async fn title(lab: &Lab, number: u128) -> String {
    let title = |row: replica::wire::Cells| match &row["title"].0 {
        model::Value::Null => String::new(),
        said => said.to_string(),
    };
    lab.all_rows("employees", number).await.map_or_else(|| "-".to_owned(), title)
}

fn titled(number: u128, seen: i64, title: &str) -> Change {
    update("employees", (gid(number), seen), [("title", text(title))])
}

on_both! {
    async fn a_change_is_undone_as_a_new_change_and_reaches_the_offices(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![titled(1, seen, "Usta")])).await;
        push(&lab, &one, batch(3, rev, vec![titled(1, rev, "Kalfa")])).await;
        let rev = head(&lab).await;
        let looked = look(&lab, &change(rev, 1)).await;
        assert_eq!((looked.state, looked.rows.len(), looked.site), (Unmade::Looked, 1, one.site.0));
        assert_eq!(head(&lab).await, rev, "a look changes nothing");
        let done = undo(&lab, &change(rev, 1)).await;
        assert_eq!((done.state, kept(&done)), (Unmade::Done, vec![]));
        assert_eq!(title(&lab, 1).await, "Usta");
        for device in [&one, &two] {
            let row = fetched(&lab, device, 0).await.row("employees", gid(1).uuid()).clone();
            assert_eq!(row["title"], text("Usta"));
        }
        let line = &lab.store.recent(&Region::All, 1).await.unwrap()[0];
        assert_eq!((line.site, line.action.as_str(), line.before.as_ref().unwrap()["title"].as_str()), (0, "update", Some("Kalfa")));
        let noted = lab.store.audit(9).await.unwrap().into_iter().find(|line| line.action == "undo").unwrap();
        assert_eq!(noted.who, "merkez");
        assert!(noted.what.ends_with("rows=1 yanlış"), "{}", noted.what);
        // Who, from where and why stand beside it.
        let history = history(&lab, 1).await;
        assert_eq!((history[0].who.as_deref(), history[0].why.as_deref(), history[0].site.as_deref()), (Some("merkez"), Some("yanlış"), None));
        assert_eq!((history[1].who.as_deref(), history[1].site.as_deref()), (None, Some("Ankara 1")));
        assert_ne!(history[0].batch, history[1].batch);
    }

    async fn undone_twice_is_undone_once_and_undoing_an_undo_restores(lab) {
        let (one, _, seen) = ankara(&lab).await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![titled(1, seen, "Usta")])).await;
        let agreed = look(&lab, &change(rev, 1)).await.agreed;
        assert_eq!(lab.store.undo(&change(rev, 1), false, &agreed, ("a", "")).await.unwrap().state, Unmade::Done);
        let head_then = head(&lab).await;
        // Two people at once: the second one is told, and nothing more happens.
        assert_eq!(lab.store.undo(&change(rev, 1), false, &agreed, ("b", "")).await.unwrap().state, Unmade::Nothing);
        let again = undo(&lab, &change(rev, 1)).await;
        assert_eq!((again.state, again.already, again.rows.len()), (Unmade::Nothing, 1, 0));
        assert_eq!((head(&lab).await, title(&lab, 1).await.as_str()), (head_then, ""));
        assert_eq!(undo(&lab, &change(head_then, 1)).await.state, Unmade::Done);
        assert_eq!(title(&lab, 1).await, "Usta");
    }

    async fn what_changed_between_the_look_and_the_agreement_is_told(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![titled(1, seen, "Usta")])).await;
        let agreed = look(&lab, &change(rev, 1)).await.agreed;
        push(&lab, &two, batch(1, rev, vec![update("employees", (gid(1), rev), [("department", text("Depo"))])])).await;
        let told = lab.store.undo(&change(rev, 1), false, &agreed, ("a", "")).await.unwrap();
        assert_eq!((told.state, title(&lab, 1).await.as_str()), (Unmade::Changed, "Usta"));
        let done = lab.store.undo(&change(rev, 1), false, &told.agreed, ("a", "")).await.unwrap();
        assert_eq!((done.state, title(&lab, 1).await.as_str()), (Unmade::Done, ""));
        assert_eq!(done.rows[0].after.as_ref().unwrap()["department"], "Depo", "what others wrote stays");
    }

    async fn a_column_that_changed_again_stays_unless_the_person_says_so(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let both = update("employees", (gid(1), seen), [("title", text("Usta")), ("department", text("Depo"))]);
        let rev = to_head(&lab, &one, batch(2, seen, vec![both])).await;
        push(&lab, &two, batch(1, rev, vec![titled(1, rev, "Kalfa")])).await;
        let done = undo(&lab, &change(rev, 1)).await;
        assert_eq!((done.state, kept(&done)), (Unmade::Done, vec![WhyKept::Later]));
        let column = &done.kept[0].columns[0];
        assert_eq!((column.column.as_str(), column.after.as_str(), column.now.as_str()), ("title", Some("Usta"), Some("Kalfa")));
        let row = lab.all_rows("employees", 1).await.unwrap();
        assert_eq!((&row["title"].0, &row["department"].0), (&text("Kalfa").0, &model::Value::Null));
        assert_eq!(undo(&lab, &change(rev, 1)).await.state, Unmade::Nothing);
        assert_eq!(undo_over(&lab, &change(rev, 1)).await.state, Unmade::Done);
        assert_eq!(title(&lab, 1).await, "");
    }

    async fn a_row_that_came_in_goes_and_comes_back_with_its_identity(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![employee(4, "Yeni", "Ankara")])).await;
        push(&lab, &two, batch(1, rev, vec![day(40, 4)])).await;
        let refused = undo(&lab, &change(rev, 4)).await;
        assert_eq!((refused.state, kept(&refused)), (Unmade::Nothing, vec![WhyKept::Hangs]));
        assert_eq!(refused.kept[0].rows, [("timesheets".to_owned(), gid(40).to_string())]);
        let done = undo_over(&lab, &change(rev, 4)).await;
        assert_eq!(done.rows.iter().map(|row| (row.action.as_str(), row.along)).collect::<Vec<_>>(), [("delete", false), ("delete", true)]);
        assert!(lab.all_rows("employees", 4).await.is_none() && lab.all_rows("timesheets", 40).await.is_none());
        // And back: the same identity, with what fell with it.
        let gone = head(&lab).await;
        assert_eq!(undo(&lab, &change(gone, 4)).await.rows.len(), 2);
        assert!(lab.all_rows("employees", 4).await.is_some() && lab.all_rows("timesheets", 40).await.is_some());
    }

    async fn a_deletion_is_undone_with_what_the_same_batch_deleted(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let seen = to_head(&lab, &one, batch(2, seen, vec![day(11, 1), day(12, 1), day(21, 2)])).await;
        let gone = [(11, 1), (12, 1)].map(|(number, parent)| gone_with(delete("timesheets", (gid(number), seen)), gid(parent)));
        // One that was deleted by itself in that batch, too.
        let changes = [gone[0].clone(), delete("timesheets", (gid(12), seen)), delete("employees", (gid(1), seen)), delete("timesheets", (gid(21), seen))];
        push(&lab, &one, batch(3, seen, changes.to_vec())).await;
        let line = lab.store.recent(&Region::All, 9).await.unwrap().into_iter().find(|line| line.gid == gid(1).to_string()).unwrap();
        assert_eq!(line.action, "delete");
        let done = undo(&lab, &change(line.rev, 1)).await;
        assert_eq!((done.state, done.rows.len(), kept(&done)), (Unmade::Done, 3, vec![]));
        for device in [&one, &two] {
            let mirror = fetched(&lab, device, 0).await;
            assert_eq!((mirror.tables["employees"].len(), mirror.tables["timesheets"].len()), (3, 2), "and not the other one's day");
        }
    }

    async fn nothing_is_undone_in_a_row_that_is_gone_and_a_child_says_that_its_parent_is(lab) {
        let (one, _, seen) = ankara(&lab).await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![titled(1, seen, "Usta"), day(11, 2)])).await;
        push(&lab, &one, batch(3, rev, vec![delete("timesheets", (gid(11), rev))])).await;
        let gone = head(&lab).await;
        push(&lab, &one, batch(4, gone, vec![delete("employees", (gid(1), gone)), delete("employees", (gid(2), gone))])).await;
        let dead = undo(&lab, &change(rev - 1, 1)).await;
        assert_eq!((dead.state, kept(&dead)), (Unmade::Nothing, vec![WhyKept::Dead]));
        let needs = undo(&lab, &change(gone, 11)).await;
        assert_eq!((needs.state, kept(&needs)), (Unmade::Nothing, vec![WhyKept::Needs]));
        assert_eq!(needs.kept[0].rows, [("employees".to_owned(), gid(2).to_string())]);
        let back = undo_over(&lab, &change(gone, 11)).await;
        assert_eq!(back.rows.iter().map(|row| (row.table.as_str(), row.along)).collect::<Vec<_>>(), [("employees", true), ("timesheets", false)]);
        assert!(lab.all_rows("employees", 2).await.is_some());
    }

    async fn a_plate_that_another_row_has_by_now_is_not_taken_from_it(lab) {
        let (one, _, seen) = ankara(&lab).await;
        let moved = to_head(&lab, &one, batch(2, seen, vec![update("vehicles", (gid(9), seen), [("plate", text("06 B 9"))])])).await;
        let seen = to_head(&lab, &one, batch(3, moved, vec![vehicle(10, "06 A 9")])).await;
        let told = undo_over(&lab, &change(moved, 9)).await;
        assert_eq!((told.state, kept(&told)), (Unmade::Nothing, vec![WhyKept::Named]));
        assert_eq!(told.kept[0].rows, [("vehicles".to_owned(), gid(10).to_string())]);
        assert_eq!(lab.rows("vehicles").await, 2, "they did not become one");
        // The same when the row itself would come back.
        push(&lab, &one, batch(4, seen, vec![delete("vehicles", (gid(10), seen))])).await;
        let gone = head(&lab).await;
        push(&lab, &one, batch(5, gone, vec![vehicle(11, "06 A 9")])).await;
        assert_eq!(kept(&undo(&lab, &change(gone, 10)).await), [WhyKept::Named]);
        assert_eq!(lab.rows("vehicles").await, 2);
    }

    async fn a_batch_is_undone_whole_also_where_its_rows_need_each_other(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let seen = to_head(&lab, &one, batch(2, seen, vec![day(21, 2)])).await;
        let before = fetched(&lab, &two, 0).await;
        // The plate goes to a new vehicle, a day to a new person; a person goes with what hangs on it.
        let changes = vec![
            update("vehicles", (gid(9), seen), [("plate", text("06 B 9"))]),
            vehicle(10, "06 A 9"),
            employee(5, "Yeni", "Ankara"),
            day(51, 5),
            update("timesheets", (gid(21), seen), [("employee_id", to(gid(5)))]),
            titled(3, seen, "Usta"),
            delete("employees", (gid(1), seen)),
        ];
        push(&lab, &one, batch(3, seen, changes)).await;
        let id = lab.last_batch().await;
        let after = fetched(&lab, &two, 0).await;
        let done = undo(&lab, &Undoing::Batch(id)).await;
        assert_eq!((done.state, kept(&done), done.rows.len()), (Unmade::Done, vec![], 7));
        assert_eq!(fetched(&lab, &two, 0).await.as_texts(), before.as_texts());
        assert_eq!(fetched(&lab, &one, 0).await.tables, fetched(&lab, &two, 0).await.tables);
        assert_eq!(undo(&lab, &Undoing::Batch(id)).await.state, Unmade::Nothing, "once");
        let undone = lab.last_batch().await;
        assert_ne!(undone, id);
        assert_eq!(undo(&lab, &Undoing::Batch(undone)).await.state, Unmade::Done);
        assert_eq!(fetched(&lab, &two, 0).await.as_texts(), after.as_texts(), "undoing the undo restores");
    }

    async fn of_a_batch_what_others_changed_since_stays(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let changes = (1..=3).map(|number| titled(number, seen, "Usta")).collect();
        let rev = to_head(&lab, &one, batch(2, seen, changes)).await;
        let id = lab.last_batch().await;
        push(&lab, &two, batch(1, rev, vec![titled(1, rev, "Kalfa"), delete("employees", (gid(2), rev))])).await;
        let done = undo(&lab, &Undoing::Batch(id)).await;
        let mut why = kept(&done);
        why.sort_by_key(|why| format!("{why:?}"));
        assert_eq!((done.state, done.rows.len(), why), (Unmade::Done, 1, vec![WhyKept::Dead, WhyKept::Later]));
        assert_eq!([title(&lab, 1).await, title(&lab, 2).await, title(&lab, 3).await], ["Kalfa", "-", ""]);
    }

    async fn an_office_that_edits_later_is_merged_with_the_undo_as_with_any_change(lab) {
        let (one, two, seen) = ankara(&lab).await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![titled(1, seen, "Usta")])).await;
        lab.pass(60);
        undo(&lab, &change(rev, 1)).await;
        // It had not heard of it.
        let late = Change { at: (1_769_212_800_000 + 90_000, 0), ..titled(1, rev, "Kalfa") };
        lab.pass(60);
        let pushed = push(&lab, &two, batch(1, rev, vec![late])).await;
        assert_eq!((pushed.conflicts, title(&lab, 1).await.as_str()), (1, "Kalfa"), "the later stamp, and the other one is kept");
    }

    async fn while_a_batch_of_the_office_is_held_its_changes_can_be_undone(lab) {
        let one = lab.site("Ankara 1", "Ankara").await;
        let people = (1..=30).map(|number| employee(number, &format!("Kişi {number:02}"), "Ankara")).collect();
        let seen = to_head(&lab, &one, batch(1, 0, people)).await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![titled(1, seen, "Usta")])).await;
        let gone = (1..=25).map(|number| delete("employees", (gid(number), rev))).collect();
        let held = replica::wire::Push { rows: [("employees".to_owned(), 30)].into(), ..batch(3, rev, gone) };
        assert!(push(&lab, &one, held).await.held);
        assert_eq!(undo(&lab, &change(rev, 1)).await.state, Unmade::Done);
        let id = lab.store.held().await.unwrap()[0].id;
        lab.store.decide(id, Decision::LetThrough, "merkez").await.unwrap();
        assert_eq!(title(&lab, 1).await, "", "what the office had not seen keeps the row");
        assert_eq!(lab.rows("employees").await, 6);
        // The deletions are a batch that can be undone as well.
        let deleted = lab.last_batch().await;
        assert_eq!(undo(&lab, &Undoing::Batch(deleted)).await.rows.len(), 24);
        assert_eq!(lab.rows("employees").await, 30);
    }

    async fn who_is_of_another_region_or_does_not_decide_undoes_nothing(lab) {
        let (one, _, seen) = ankara(&lab).await;
        let center = lab.site("Merkez", "*").await;
        let rev = to_head(&lab, &one, batch(2, seen, vec![titled(1, seen, "Usta")])).await;
        let template = insert("shift_templates", gid(70), [("name", text("Gece")), ("start_time", text("22:00")), ("end_time", text("06:00"))]);
        let shared = to_head(&lab, &one, batch(3, rev, vec![template])).await;
        let viewer = |role, region| Viewer::new(role, Region::new(region));
        let as_ = async |viewer: &Viewer, what: &Undoing| {
            let looked = lab.store.look_undo_as(viewer, what, false).await?;
            lab.store.undo_as((viewer, "biri"), what, false, (&looked.agreed, "")).await
        };
        for what in [change(rev, 1), Undoing::Batch(lab.batch_of(rev).await)] {
            for (role, region) in [(Role::Office, "Ankara"), (Role::Viewer, "*"), (Role::Viewer, "Ankara")] {
                assert!(matches!(as_(&viewer(role, region), &what).await, Err(Denied::Role)), "{role:?} {region}");
            }
            assert!(matches!(as_(&viewer(Role::Manager, "Bursa"), &what).await, Err(Denied::Missing)));
        }
        let manager = viewer(Role::Manager, "Ankara");
        assert!(matches!(as_(&manager, &change(shared, 70)).await, Err(Denied::Missing)), "what is everybody's is no region's");
        // The row moved away: it is not the region's any more, whatever the history says.
        push(&lab, &center, batch(1, shared, vec![update("employees", (gid(1), shared), [("region", text("Bursa")), ("department", text("Gizli"))])])).await;
        let moved = head(&lab).await;
        let told = as_(&manager, &change(rev, 1)).await.unwrap();
        assert_eq!((told.state, kept(&told), told.kept[0].columns.len()), (Unmade::Nothing, vec![WhyKept::Region], 0));
        // Nor may the other one bring it back into a region that is not theirs.
        let told = as_(&viewer(Role::Manager, "Bursa"), &change(moved, 1)).await.unwrap();
        assert_eq!((told.state, kept(&told)), (Unmade::Nothing, vec![WhyKept::Region]));
        assert_eq!(as_(&viewer(Role::Admin, "*"), &change(moved, 1)).await.unwrap().state, Unmade::Done);
        assert_eq!(as_(&manager, &change(rev, 1)).await.unwrap().state, Unmade::Done);
        assert_eq!(title(&lab, 1).await, "");
    }

    async fn what_is_not_there_cannot_be_undone(lab) {
        let (_, _, seen) = ankara(&lab).await;
        for what in [change(seen + 5, 1), change(seen, 1), Undoing::Batch(7777), Undoing::Batch(-1), Undoing::Change { rev: 1, gid: "x'; drop".to_owned() }] {
            assert!(matches!(lab.store.look_undo(&what, false).await, Err(store::Error::NoChange(_))), "{what}");
        }
    }
}

async fn history(lab: &Lab, number: u128) -> Vec<HistoryLine> {
    let viewer = Viewer::new(Role::Admin, Region::All);
    let list = lab.store.pages().lists().iter().position(|list| list.path == "employees").unwrap();
    lab.store.row(&viewer, list, &gid(number).to_string()).await.unwrap().unwrap().history
}

impl Lab {
    async fn all_rows(&self, table: &str, number: u128) -> Option<replica::wire::Cells> {
        let center = self.headquarters().await;
        let mirror = fetched(self, &center, 0).await;
        mirror.tables.get(table)?.get(&gid(number).uuid()).cloned()
    }

    async fn rows(&self, table: &str) -> usize {
        let center = self.headquarters().await;
        fetched(self, &center, 0).await.tables.get(table).map_or(0, std::collections::BTreeMap::len)
    }

    async fn headquarters(&self) -> Device {
        let known = self.store.sites().await.unwrap().into_iter().find(|site| site.name == "Bakan");
        match known {
            None => self.site("Bakan", "*").await,
            Some(site) => {
                Device { site: model::SiteId(site.id), name: site.name, region: Region::All, shared: false }
            }
        }
    }

    async fn last_batch(&self) -> i64 {
        self.store.recent(&Region::All, 1).await.unwrap()[0].batch.unwrap()
    }

    async fn batch_of(&self, rev: i64) -> i64 {
        let lines = self.store.recent(&Region::All, 100).await.unwrap();
        lines.iter().find(|line| line.rev == rev).unwrap().batch.unwrap()
    }
}
