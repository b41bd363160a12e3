//! What offices say of their own settings, by file and by agent.

use std::collections::BTreeMap;

use merge::Region;
use replica::wire::Hello;
use store::{OfficeSettings, Role, Viewer};

use crate::lab::{Lab, Pc, on_both};

fn said(pairs: &[(&str, &str)]) -> OfficeSettings {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn offices(lab: &Lab, region: Region) -> BTreeMap<String, OfficeSettings> {
    lab.store.offices(&Viewer::new(Role::Viewer, region)).await.unwrap()
}

/// The program's settings, and nothing else of its file.
fn set(pc: &Pc, sql: &str) {
    rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch(sql).unwrap();
}

on_both! {
    async fn the_hub_is_told_what_the_preset_names_and_nothing_else(lab) {
        let ankara = lab.empty_pc("Ankara 1", "Ankara").await;
        set(&ankara, "delete from settings; insert into settings (key, value) values ('weekday_hours', '8'),
            ('sync_token', 'gizli'), ('company_name', 'Örnek Ltd.'), ('logo_path', 'C:\\gizli.png')");
        lab.send(&ankara).await.unwrap();
        let own = said(&[("weekday_hours", "8"), ("company_name", "Örnek Ltd.")]);
        assert_eq!(offices(&lab, Region::All).await, [("Ankara".to_owned(), own.clone())].into());
        assert_eq!(offices(&lab, Region::new("Ankara")).await["Ankara"], own);
        assert!(offices(&lab, Region::new("Bursa")).await.is_empty(), "another region's are nobody else's");

        let hello = |settings: Option<OfficeSettings>| Hello { version: "1".into(), settings, ..Hello::default() };
        let long = "x".repeat(300);
        let told = said(&[("weekday_hours", "7,5"), ("sync_token", "gizli"), ("report_title", &long)]);
        lab.store.hello(&ankara.device, hello(Some(told))).await.unwrap();
        assert_eq!(offices(&lab, Region::All).await["Ankara"], said(&[("weekday_hours", "7,5")]));
        lab.store.hello(&ankara.device, hello(None)).await.unwrap();
        assert_eq!(offices(&lab, Region::All).await["Ankara"], said(&[("weekday_hours", "7,5")]));

        let headquarters = lab.site("Merkez", "*").await;
        lab.store.hello(&headquarters, hello(Some(said(&[("weekday_hours", "1")])))).await.unwrap();
        assert_eq!(offices(&lab, Region::All).await.len(), 1, "headquarters is no office");
        lab.reopen().await;
        assert_eq!(offices(&lab, Region::All).await["Ankara"], said(&[("weekday_hours", "7,5")]));
    }

    async fn of_two_pcs_of_an_office_the_last_change_counts(lab) {
        let (one, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let tell = async |device, hours| {
            let settings = Some(said(&[("weekday_hours", hours)]));
            let hello = Hello { version: "1".into(), settings, ..Hello::default() };
            lab.store.hello(device, hello).await.unwrap();
            lab.pass(60);
            offices(&lab, Region::All).await["Ankara"]["weekday_hours"].clone()
        };
        assert_eq!(tell(&other, "9").await, "9");
        assert_eq!(tell(&one, "9").await, "9");
        assert_eq!(tell(&other, "8").await, "8");
        assert_eq!(tell(&one, "9").await, "8", "it says what it said before");
        assert_eq!(tell(&one, "7").await, "7");
    }
}
