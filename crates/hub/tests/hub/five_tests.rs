//! The five tests that the users want to see pass before they go live, with the old program on real files.

use reqwest::StatusCode;
use serde_json::Value;
use store::Role;
use testkit::office::{Shape, Size};

use crate::{
    office::{NEW, Pc, made},
    world::{SHARED_KEY, World, hub, json},
};

async fn status_of_all(world: &World) -> Value {
    let (status, told) =
        json(world.get("/status").header("X-API-KEY", SHARED_KEY).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    told
}

#[tokio::test]
async fn test_1_single_pc_a_new_timesheet_is_seen_at_the_hub() {
    let world = hub().await;
    let (status, health) = json(world.get("/health").send().await.unwrap()).await;
    assert_eq!((status, &health["status"]), (StatusCode::OK, &Value::from("ok")), "Test Connection");
    let file = made("Ankara", Shape::Live, Size::small(), 1);
    let pc = Pc::with_token(&world, "Ankara PC", "Ankara", &file).await;
    pc.sync(&world).await;
    let before = status_of_all(&world).await["timesheets"].as_u64().unwrap();
    let person = pc.add_person("Yeni Çalışan");
    pc.add_hours(person, "2026-01-25");
    let told = pc.sync(&world).await;
    assert_eq!(told["tables"]["timesheets"]["inserted"], 1, "{told:#}");
    let after = status_of_all(&world).await;
    assert_eq!(after["timesheets"], before + 1);
    assert_eq!(after["regions"]["Ankara"]["timesheets"], before + 1);
    assert!(pc.sees(&world).await.has("timesheets", &["Yeni Çalışan", "2026-01-25"]));
}

#[tokio::test]
async fn test_2_two_pcs_of_one_office_see_each_others_new_people() {
    let world = hub().await;
    let first =
        Pc::with_token(&world, "Ankara 1", "Ankara", &made("Ankara", Shape::Live, Size::small(), 1)).await;
    let second = Pc::with_token(&world, "Ankara 2", "Ankara", NEW).await;
    first.sync(&world).await;
    first.add_person("Birinci Kişi");
    first.sync(&world).await;
    second.sync(&world).await;
    assert!(second.book().has("employees", &["Birinci Kişi"]));
    second.add_person("İkinci Kişi");
    second.sync(&world).await;
    first.sync(&world).await;
    assert!(first.book().has("employees", &["İkinci Kişi"]));
    assert_eq!(first.book(), second.book());
}

#[tokio::test]
async fn test_2_two_offices_are_brought_together_and_each_sees_only_its_own() {
    let world = hub().await;
    let ankara = Pc::with_token(&world, "Ankara PC", "Ankara", NEW).await;
    let istanbul = Pc::with_token(&world, "Istanbul PC", "Istanbul", NEW).await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    for (pc, name) in [(&ankara, "Ayten Ankaralı"), (&istanbul, "Irmak İstanbullu")] {
        pc.add_person(name);
        pc.sync(&world).await;
    }
    ankara.sync(&world).await;
    let all = headquarters.sees(&world).await;
    assert_eq!(all.count("employees"), 2);
    for (pc, own, other) in [(&ankara, "Ayten", "Irmak"), (&istanbul, "Irmak", "Ayten")] {
        assert!(all.has("employees", &[own]));
        assert!(pc.book().has("employees", &[own]) && !pc.book().has("employees", &[other]));
    }
}

#[tokio::test]
async fn test_3_entries_at_the_same_moment_in_different_regions_are_all_there() {
    let world = hub().await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    let mut pcs = Vec::new();
    for (region, seed) in [("Ankara", 1), ("Istanbul", 2), ("Bursa", 3), ("Izmir", 4)] {
        let pc =
            Pc::with_token(&world, region, region, &made(region, Shape::Live, Size::small(), seed)).await;
        pc.sync(&world).await;
        pcs.push(pc);
    }
    let before = headquarters.sees(&world).await;
    for round in 1..=3 {
        for pc in &pcs {
            let person = pc.value("select min(id) from employees");
            pc.add_hours(person, &format!("2026-02-0{round}"));
        }
        let sync = |at: usize| pcs[at].sync(&world);
        tokio::join!(sync(0), sync(1), sync(2), sync(3));
    }
    let all = headquarters.sees(&world).await;
    assert_eq!(all.count("timesheets"), before.count("timesheets") + 12);
    assert!(all.holds(&before));
    for pc in &pcs {
        assert!(all.holds(&pc.book()), "what the PC shows is what the hub has");
    }
}

#[tokio::test]
async fn test_4_the_admin_sees_all_regions_their_totals_and_recent_entries() {
    let world = hub().await;
    let mut pcs = Vec::new();
    for (region, seed) in [("Ankara", 1), ("Istanbul", 2)] {
        // The file as it was after the guide's migration: 5 people, 37 days.
        let file = made(region, Shape::GuideMigrated, Size::before_sync(), seed);
        let pc = Pc::with_token(&world, region, region, &file).await;
        pc.sync(&world).await;
        pcs.push(pc);
    }
    for pc in &pcs {
        let person = pc.add_person(&format!("Yeni {}", pc.desktop.region));
        pc.add_hours(person, "2026-01-26");
        pc.sync(&world).await;
    }
    let counts = status_of_all(&world).await;
    assert_eq!((&counts["employees"], &counts["timesheets"]), (&Value::from(12), &Value::from(76)));
    world.person("patron", Role::Admin, "*", "uzun-bir-parola").await;
    let page = world.dashboard_of("patron", "uzun-bir-parola").await;
    for region in ["Ankara", "Istanbul"] {
        let row = page.split("<tr>").find(|row| row.contains(&format!("<td>{region}</td>"))).expect(region);
        assert!(row.contains(">6<") && row.contains(">38<"), "people and days of {region}: {row}");
    }
    assert!(page.contains("Yeni Ankara") && page.contains("Yeni Istanbul"), "recent entries: {page}");
    world.person("ankarali", Role::Office, "Ankara", "uzun-bir-parola").await;
    let page = world.dashboard_of("ankarali", "uzun-bir-parola").await;
    assert!(
        page.contains("Yeni Ankara") && !page.contains("Yeni Istanbul"),
        "an office sees its own: {page}"
    );
}

#[tokio::test]
async fn test_5_what_was_entered_off_line_is_there_after_the_next_connection() {
    let mut world = hub().await;
    let file = made("Ankara", Shape::Live, Size::small(), 1);
    let pc = Pc::with_token(&world, "Ankara 1", "Ankara", &file).await;
    let other = Pc::with_token(&world, "Ankara 2", "Ankara", NEW).await;
    pc.sync(&world).await;
    other.sync(&world).await;
    let person: i64 = pc.value("select min(id) from employees");
    world.disconnect().await;
    for day in 1..=5 {
        pc.add_hours(person, &format!("2026-02-0{day}"));
        let file = pc.desktop.upload().unwrap();
        assert!(world.upload("key", "Ankara", file).send().await.is_err(), "there is no connection");
    }
    world.connect().await;
    // The other PC worked on meanwhile.
    other.add_person("Yeni Kişi");
    other.sync(&world).await;
    let told = pc.sync(&world).await;
    assert_eq!(told["tables"]["timesheets"]["inserted"], 5, "{told:#}");
    other.sync(&world).await;
    assert_eq!(pc.book(), other.book());
    assert_eq!(pc.book().count("timesheets"), 76 + 5);
    assert!(pc.book().has("employees", &["Yeni Kişi"]));
}
