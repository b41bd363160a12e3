//! Several PCs that are not told apart by their files or by their key, and PCs that only send.

use testkit::office::{Record, Shape, Size};

use crate::{
    office::{NEW, Pc, changes, made},
    world::hub,
};

fn live(seed: u64) -> Vec<u8> {
    made("Ankara", Shape::Live, Size::small(), seed)
}

#[tokio::test]
async fn several_pcs_that_started_from_copies_of_one_file_multiply_nothing() {
    let world = hub().await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    let mut pcs = Vec::new();
    for at in 0..4 {
        pcs.push(Pc::with_token(&world, &format!("Ankara {at}"), "Ankara", &live(1)).await);
    }
    pcs.push(Pc::with_shared_key("Ankara", &live(1)));
    pcs[0].send(&world).await;
    let before = headquarters.sees(&world).await;
    for pc in &pcs {
        pc.send(&world).await;
        assert_eq!(headquarters.sees(&world).await, before);
    }
    // Each goes on under the same next number.
    for (at, pc) in pcs.iter().enumerate() {
        let person = pc.add_person(&format!("Yeni Kişi {at}"));
        pc.add_hours(person, "2026-01-30");
    }
    for _ in 0..2 {
        for pc in &pcs {
            pc.sync(&world).await;
        }
    }
    let all = headquarters.sees(&world).await;
    assert_eq!(all.rows(), before.rows() + 2 * pcs.len());
    for (at, pc) in pcs.iter().enumerate() {
        pc.sync(&world).await;
        assert_eq!(pc.book(), all);
        assert!(all.has("timesheets", &[&format!("Yeni Kişi {at}"), "2026-01-30"]));
    }
}

#[tokio::test]
async fn two_pcs_behind_one_shared_key_delete_nothing_by_absence() {
    let world = hub().await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    let (first, second) = (Pc::with_shared_key("Ankara", &live(1)), Pc::with_shared_key("Ankara", &live(2)));
    first.send(&world).await;
    second.send(&world).await;
    let all = headquarters.sees(&world).await;
    assert_eq!(all.count("timesheets"), 152);
    for pc in [&first, &second, &first, &second] {
        let told = pc.send(&world).await;
        assert_eq!(changes(&told), 0, "{told:#}");
        assert_eq!(headquarters.sees(&world).await, all);
    }
    for pc in [&first, &second, &first, &second] {
        pc.sync(&world).await;
        assert_eq!(headquarters.sees(&world).await, all);
    }
    assert_eq!((first.book(), second.book()), (all.clone(), all.clone()));
    let person = second.add_person("Paylaşan Kişi");
    second.add_hours(person, "2026-01-30");
    for pc in [&first, &second, &first] {
        pc.sync(&world).await;
    }
    assert_eq!(first.book().rows(), all.rows() + 2);
    assert_eq!(first.book(), second.book());
    // A third one begins with a copy of the first one's file; each lacks what the other entered, and one has deleted.
    let all = first.book();
    let third = Pc::with_shared_key("Ankara", &first.desktop.upload().unwrap());
    first.add_person("Birinci Kişi");
    third.add_person("Üçüncü Kişi");
    third.desktop.delete(Record::Timesheet, third.value("select max(id) from timesheets")).unwrap();
    for pc in [&first, &third, &first, &third] {
        pc.send(&world).await;
        assert!(headquarters.sees(&world).await.holds(&all));
    }
    assert_eq!(headquarters.sees(&world).await.rows(), all.rows() + 2);
}

#[tokio::test]
async fn a_pc_that_never_downloads_loses_nothing() {
    let world = hub().await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    let pc = Pc::with_token(&world, "Ankara 1", "Ankara", &live(1)).await;
    let other = Pc::with_token(&world, "Ankara 2", "Ankara", NEW).await;
    pc.send(&world).await;
    other.sync(&world).await;
    let person = other.add_person("Öteki Kişi");
    other.add_hours(person, "2026-01-28");
    other.sync(&world).await;
    let mut expected = headquarters.sees(&world).await.rows();
    for at in 1..=5 {
        let person = pc.add_person(&format!("Yeni Kişi {at}"));
        pc.add_hours(person, &format!("2026-02-0{at}"));
        expected += 2;
        pc.send(&world).await;
        pc.send(&world).await;
        let all = headquarters.sees(&world).await;
        assert_eq!(all.rows(), expected, "neither what it never saw nor what it sent is lost or doubled");
        assert!(all.holds(&pc.book()) && all.has("timesheets", &["Öteki Kişi", "2026-01-28"]));
    }
    // What goes without a note is not taken for deleted.
    pc.craft("delete from shift_templates; delete from timesheets where work_date = '2026-02-01'");
    let before = headquarters.sees(&world).await;
    pc.send(&world).await;
    assert_eq!(headquarters.sees(&world).await, before);
    // What it deletes it says by a note, and that alone goes.
    let id: i64 = pc.value("select max(id) from timesheets");
    pc.desktop.delete(Record::Timesheet, id).unwrap();
    pc.send(&world).await;
    let all = headquarters.sees(&world).await;
    assert_eq!(all.rows(), expected - 1);
    assert!(all.holds(&pc.book()) && !all.has("timesheets", &["Yeni Kişi 5"]));
    assert!(all.has("timesheets", &["Yeni Kişi 1", "2026-02-01"]));
    // Its first download has both.
    pc.fetch(&world).await;
    assert_eq!(pc.book(), all);
}
