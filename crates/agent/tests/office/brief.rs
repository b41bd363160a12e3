//! The file is held for moments only, and what is broken off between two of them goes on.

use std::{pin::pin, task::Poll};

use testkit::office::{Employee, Size};

use crate::{
    day::{agree, person, two},
    pc::Pc,
    town::{Town, welcome},
};

/// Lets `work` wait so often; `None`: it is broken off then.
async fn cut<T>(waits: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (pin!(work), waits);
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// How many transactions wrote into the file.
fn commits(pc: &Pc) -> u32 {
    let bytes = std::fs::read(pc.path()).unwrap();
    u32::from_be_bytes(bytes[24..28].try_into().unwrap())
}

#[tokio::test]
async fn no_transaction_holds_a_whole_file() {
    let (mut town, a, b) = (Town::new(), Pc::with(1, Size { timesheets: 900, ..Size::year() }), Pc::new(2));
    let before = commits(&a);
    a.meet(&mut town).await;
    assert!(commits(&a) - before > 12, "first contact");
    b.meet(&mut town).await;
    let before = commits(&b);
    b.pull(&town).await;
    assert!(commits(&b) - before > 5, "everything comes");
    a.sql("update denk_shadow set rev = 1");
    let (mut office, before) = (a.office().await, commits(&a));
    office.behind(1, 0).await.unwrap();
    assert!(commits(&a) - before > 5, "a restored hub");
    drop(office);
    a.sql("alter table timesheets drop column notes");
    a.office().await.install().await.unwrap();
    a.sql("alter table timesheets add column notes text default 'x'");
    let before = commits(&a);
    a.office().await.install().await.unwrap();
    assert!(commits(&a) - before > 5, "a new column");
}

#[tokio::test]
async fn a_first_contact_broken_off_anywhere_is_none_or_whole() {
    for waits in (0..).step_by(11) {
        let (mut town, a, b) = (Town::new(), Pc::with(1, Size::small()), Pc::new(2));
        let mut office = a.office().await;
        office.install().await.unwrap();
        let copy = office.copy().await.unwrap();
        let met = town.meet(a.site, &copy);
        let welcome = welcome("town", a.site, "Ankara");
        a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
        let whole = cut(waits, office.adopt(&copy, (&welcome, &met), &a.clock())).await.is_some();
        drop(office);
        if a.standing().await.hub.is_none() {
            a.office().await.adopt(&copy, (&welcome, &met), &a.clock()).await.unwrap();
        }
        let push = a.push_once(&mut town).await.unwrap();
        assert_eq!(push.changes.len(), 1, "what was typed meanwhile: {waits} {:?}", push.changes);
        if whole {
            assert!(waits > 60, "it was broken off too seldom");
            a.cycle(&mut town).await;
            b.cycle(&mut town).await;
            agree(&town, &[&a, &b]);
            return;
        }
    }
}

#[tokio::test]
async fn a_restored_hub_is_told_all_that_it_lost_wherever_the_agent_stops() {
    for waits in (0..).step_by(4) {
        let (mut town, a, b, id) = two().await;
        let (hub, seen, number) = (town.hub.clone(), town.hub.rev.0, a.standing().await.number);
        a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
        a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
        a.cycle(&mut town).await;
        town.hub = hub;
        town.answered(a.site, number);
        let whole = cut(waits, a.office().await.behind(number, seen)).await.is_some();
        if a.standing().await.number != number {
            a.office().await.behind(number, seen).await.unwrap();
        }
        for pc in [&a, &b, &a] {
            pc.office().await.install().await.unwrap();
            pc.pull(&town).await;
            pc.cycle(&mut town).await;
        }
        assert_eq!(b.ask("select title from employees"), "Usta", "{waits}");
        assert_eq!(b.ask("select full_name from drivers"), "Bir", "{waits}");
        agree(&town, &[&a, &b]);
        if whole {
            assert!(waits > 10, "it was broken off too seldom");
            return;
        }
    }
}

#[tokio::test]
async fn defaults_of_a_new_column_are_nobodys_edit_wherever_the_agent_stops() {
    for waits in (0..).step_by(8) {
        let (mut town, a, b, _) = two().await;
        a.sql("alter table vehicles drop column oil_interval_km; insert into vehicles (plate, region) values ('1', 'Ankara')");
        a.cycle(&mut town).await;
        b.cycle(&mut town).await;
        b.sql("update vehicles set oil_interval_km = 15000");
        b.cycle(&mut town).await;
        a.cycle(&mut town).await;
        a.sql("alter table vehicles add column oil_interval_km integer default 5");
        let whole = cut(waits, a.office().await.install()).await.is_some();
        a.office().await.install().await.unwrap();
        assert_eq!(a.push_once(&mut town).await, None, "{waits}");
        a.cycle(&mut town).await;
        assert_eq!(a.ask("select oil_interval_km from vehicles"), "15000", "{waits}");
        if whole {
            assert!(waits > 10, "it was broken off too seldom");
            return;
        }
    }
}

#[tokio::test]
async fn a_page_broken_off_anywhere_can_be_put_in_again() {
    for waits in (0..).step_by(8) {
        let (mut town, a, b, _) = two().await;
        a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara'), ('İki', 'Ankara')");
        a.sql("insert into vehicles (plate, region) values ('1', 'Ankara'), ('2', 'Ankara')");
        a.cycle(&mut town).await;
        b.cycle(&mut town).await;
        a.sql("update drivers set phone = '1'; delete from vehicles where plate = '2'");
        a.sql("insert into vehicle_faults (vehicle_id, title) select id, 'x' from vehicles");
        a.cycle(&mut town).await;
        let page = town.pull(b.standing().await.cursor);
        let whole = cut(waits, b.office().await.apply(&page)).await.is_some();
        b.sql("insert into drivers (full_name, region) values ('Üç', 'Ankara')");
        b.cycle(&mut town).await;
        a.cycle(&mut town).await;
        agree(&town, &[&a, &b]);
        if whole {
            assert!(waits > 10, "it was broken off too seldom");
            return;
        }
    }
}

#[tokio::test]
async fn the_hub_is_asked_about_the_same_copy_until_it_was_heard() {
    let (mut town, a, b) = (Town::new(), Pc::with(1, Size::small()), Pc::new(2));
    let mut office = a.office().await;
    office.install().await.unwrap();
    let copy = office.copy().await.unwrap();
    let asked = std::fs::read(&copy).unwrap();
    let met = town.meet(a.site, &copy);
    drop(office);
    // Whose answer is lost.
    a.sql("delete from timesheets where id = (select min(id) from timesheets)");
    a.sql("delete from timesheets where employee_id = (select max(id) from employees); delete from employees where id = (select max(id) from employees)");
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    let mut office = a.office().await;
    assert_eq!(office.copy().await.unwrap(), copy);
    assert_eq!(std::fs::read(&copy).unwrap(), asked);
    office.adopt(&copy, (&welcome("town", a.site, "Ankara"), &met), &a.clock()).await.unwrap();
    assert!(!copy.exists());
    drop(office);
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn a_copy_of_which_not_everything_since_is_noted_is_made_anew() {
    let a = Pc::with(1, Size::small());
    let backup = a.backup();
    let copied = async || {
        let mut office = a.office().await;
        office.install().await.unwrap();
        std::fs::read(office.copy().await.unwrap()).unwrap()
    };
    let add = "insert into drivers (full_name, region) values ('Kişi ' || random(), 'Ankara')";
    let mut before = copied().await;
    a.sql(add);
    assert!(copied().await == before, "everything is noted");
    for odd in [
        "drop trigger denk_journal_insert_drivers",
        "alter table drivers add column other text",
        "delete from denk_state",
    ] {
        a.sql(&format!("{odd}; {add}"));
        let now = copied().await;
        assert!(now != before, "{odd}");
        before = now;
    }
    a.restore(&backup);
    assert!(copied().await != before, "a backup");
}
