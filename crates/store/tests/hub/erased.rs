//! Who is forgotten is nowhere told again, and what hangs on them stays.

use merge::Region;
use model::Value;
use store::{Asked, Denied, Role, RowPage, Viewer};

use crate::{
    agents::{batch, delete, employee, gid, insert, push, text, to, update},
    lab::{Lab, on_both},
    mirror::fetched,
};

const NAMES: [&str; 2] = ["Eskiden Adı", "Gizli Kişi"];
const NUMBER: &str = "12345678950";
const OTHER_NUMBER: &str = "12345678951";

fn viewer(role: Role, region: &str) -> Viewer {
    Viewer::new(role, Region::new(region))
}

fn admin() -> Viewer {
    viewer(Role::Admin, "*")
}

async fn page(lab: &Lab) -> RowPage {
    let at = lab.store.pages().at("employees").unwrap();
    lab.store.row(&admin(), at, &gid(1).to_string()).await.unwrap().unwrap()
}

async fn erase(lab: &Lab, by: &Viewer) -> Result<(), Denied> {
    let at = lab.store.pages().at("employees").unwrap();
    lab.store.erase((by, "ayse"), (at, &gid(1).to_string()), "KVKK 2026/7").await
}

on_both! {
    async fn who_is_forgotten_is_told_nowhere_and_their_days_stay(lab) {
        let (one, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let day = insert("timesheets", gid(2), [("employee_id", to(gid(1))), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Ankara"))]);
        let seen = push(&lab, &one, batch(1, 0, vec![employee(1, NAMES[0], "Ankara"), day])).await.to;
        let named = update("employees", (gid(1), seen), [("full_name", text(NAMES[1])), ("identity_no", text(NUMBER))]);
        push(&lab, &one, batch(2, seen, vec![named])).await;
        let number = update("employees", (gid(1), seen), [("identity_no", text(OTHER_NUMBER))]);
        push(&lab, &other, batch(1, seen, vec![number])).await;
        assert_eq!(lab.store.conflicts_of(&Region::All).await.unwrap().len(), 1);
        let mut mirror = fetched(&lab, &other, 0).await;

        for (by, why) in [(viewer(Role::Manager, "Ankara"), "Role"), (viewer(Role::Office, "Ankara"), "Role"), (viewer(Role::Admin, "Bursa"), "Missing")] {
            assert!(format!("{:?}", erase(&lab, &by).await.unwrap_err()).starts_with(why), "{by:?}");
        }
        assert_eq!(page(&lab).await.name, NAMES[1]);
        erase(&lab, &viewer(Role::Admin, "Ankara")).await.unwrap();

        let forgotten = page(&lab).await;
        assert!(forgotten.name.starts_with("Silinen kişi "), "{}", forgotten.name);
        assert_eq!(forgotten.hanging.iter().map(|hanging| hanging.total).sum::<usize>(), 1);
        let told = format!("{forgotten:?}");
        let secrets = [NAMES[0], NAMES[1], NUMBER, OTHER_NUMBER];
        assert!(secrets.iter().all(|secret| !told.contains(secret)), "{told}");
        assert!(lab.store.conflicts_of(&Region::All).await.unwrap().is_empty());
        mirror.pull(&lab, &other, 100).await;
        assert_eq!(mirror.names("employees"), std::slice::from_ref(&forgotten.name));
        assert_eq!(mirror.row("employees", gid(1).uuid())["identity_no"].0, Value::Null);
        // What agents were last answered goes with what they say next.
        let rev = lab.store.health().await.unwrap().rev;
        push(&lab, &one, batch(3, rev, Vec::new())).await;
        push(&lab, &other, batch(2, rev, Vec::new())).await;
        if lab.is_sqlite() {
            let said = lab.dump();
            assert!(said.contains("Silinen"), "the dump holds what rows say");
            assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
        }
        let acts = lab.store.audit(10).await.unwrap();
        let act = acts.iter().find(|act| act.action == "erase").unwrap();
        assert_eq!((act.who.as_str(), act.what.ends_with(": KVKK 2026/7")), ("ayse", true));
        assert_eq!(lab.store.check_activity().await.unwrap().broken, None);
    }

    async fn who_was_deleted_is_forgotten_as_well_and_stays_deleted(lab) {
        let (one, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let seen = push(&lab, &one, batch(1, 0, vec![employee(1, NAMES[0], "Ankara")])).await.to;
        let named = update("employees", (gid(1), seen), [("full_name", text(NAMES[1])), ("identity_no", text(NUMBER))]);
        let last = push(&lab, &one, batch(2, seen, vec![named])).await.to;
        let number = update("employees", (gid(1), seen), [("identity_no", text(OTHER_NUMBER))]);
        push(&lab, &other, batch(1, seen, vec![number])).await;
        let mut mirror = fetched(&lab, &other, 0).await;
        let head = lab.store.health().await.unwrap().rev;
        push(&lab, &one, batch(3, head.max(last), vec![delete("employees", (gid(1), head))])).await;
        assert!(page(&lab).await.gone);
        let gone = async || lab.store.deleted(&admin(), None, 9).await.unwrap();
        assert_eq!(gone().await[0].row.name, NAMES[1]);

        let by = viewer(Role::Admin, "Bursa");
        assert!(matches!(erase(&lab, &by).await, Err(Denied::Missing)));
        erase(&lab, &admin()).await.unwrap();
        let forgotten = page(&lab).await;
        assert!(forgotten.gone && forgotten.name.starts_with("Silinen kişi "), "{forgotten:?}");
        assert_eq!(gone().await[0].row.name, forgotten.name);
        let told = format!("{forgotten:?} {:?}", gone().await);
        let secrets = [NAMES[0], NAMES[1], NUMBER, OTHER_NUMBER];
        assert!(secrets.iter().all(|secret| !told.contains(secret)), "{told}");
        assert!(lab.store.conflicts_of(&Region::All).await.unwrap().is_empty());
        mirror.pull(&lab, &other, 100).await;
        assert!(mirror.names("employees").is_empty());
        assert_eq!(fetched(&lab, &one, 0).await.rows(), 0);
        let rev = lab.store.health().await.unwrap().rev;
        push(&lab, &one, batch(4, rev, Vec::new())).await;
        push(&lab, &other, batch(2, rev, Vec::new())).await;
        if lab.is_sqlite() {
            let said = lab.dump();
            assert!(secrets.iter().all(|secret| !said.contains(secret)), "{said}");
        }
        // Forgotten once more, and an office that brings the row back brings nobody back.
        erase(&lab, &admin()).await.unwrap();
        let titled = update("employees", (gid(1), seen), [("title", text("Usta"))]);
        push(&lab, &other, batch(3, seen, vec![titled])).await;
        let back = page(&lab).await;
        assert_eq!((back.gone, &back.name), (false, &forgotten.name));
    }

    async fn only_people_are_forgotten(lab) {
        let one = lab.site("Ankara 1", "Ankara").await;
        let plate = insert("vehicles", gid(1), [("plate", text("06 QWX 001")), ("region", text("Ankara"))]);
        push(&lab, &one, batch(1, 0, vec![plate])).await;
        let at = lab.store.pages().at("vehicles").unwrap();
        let asked = lab.store.erase((&admin(), "ayse"), (at, &gid(1).to_string()), "").await;
        assert!(matches!(asked, Err(Denied::Missing)));
        let listed = lab.store.list(&admin(), at, &Asked::default()).await.unwrap().unwrap();
        assert_eq!(listed.total, 1);
    }
}
