//! Sites and their tokens.

use store::{Error, Refusal, Store};

use crate::lab::on_both;

on_both! {
    async fn only_the_right_token_opens_and_only_until_it_is_revoked(lab) {
        let enrolment = lab.store.add_site("Ankara 1", "Ankara").await.unwrap();
        let other = lab.store.add_site("Bursa 1", "Bursa").await.unwrap();
        let device = lab.store.device_of_token(&enrolment.token).await.unwrap().unwrap();
        assert_eq!((device.name.as_str(), device.shared), ("Ankara 1", false));
        let (number, secret) = enrolment.token.split_once('_').unwrap();
        assert_eq!(secret.len(), 43);
        let forged = format!("{}_{secret}", other.site.id);
        for wrong in ["", "x", secret, &enrolment.token[..20], &forged, &format!("{number}_"), "99999999999999999999_x"] {
            assert_eq!(lab.store.device_of_token(wrong).await.unwrap(), None, "{wrong}");
        }
        lab.store.revoke_site("Ankara 1").await.unwrap();
        assert_eq!(lab.store.device_of_token(&enrolment.token).await.unwrap(), None);
        let pc = lab.pc_of(device, "Ankara", 1, testkit::office::Shape::Live, testkit::office::Size::small());
        assert_eq!(lab.send(&pc).await.unwrap_err().refusal(), Refusal::Revoked);
        assert!(lab.store.hand_out(&pc.device).await.is_err());
        assert!(lab.store.device_of_token(&other.token).await.unwrap().is_some());
    }

    async fn the_token_itself_is_nowhere_in_the_store(lab) {
        let token = lab.store.add_site("Ankara 1", "Ankara").await.unwrap().token;
        lab.store.close().await;
        let secret = token.split_once('_').unwrap().1.as_bytes().to_vec();
        for entry in std::fs::read_dir(lab.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", path.display());
            }
        }
    }

    async fn names_are_checked_and_sites_are_listed_with_their_last_contact(lab) {
        lab.store.add_site("Ankara 1", " Ankara ").await.unwrap();
        assert!(matches!(lab.store.add_site("Ankara 1", "Bursa").await, Err(Error::SiteExists(_))));
        for bad in ["", "  ", "a\nb", "shared:Ankara", &"x".repeat(101)] {
            assert!(matches!(lab.store.add_site(bad, "Bursa").await, Err(Error::BadName(_))), "{bad:?}");
        }
        assert!(matches!(lab.store.shared_device(" ").await, Err(Error::BadName(_))));
        assert_eq!(lab.store.shared_device("*").await.unwrap().region, merge::Region::All);
        lab.store.rename_site("Ankara 1", "Ankara Merkez").await.unwrap();
        assert!(matches!(lab.store.revoke_site("Ankara 1").await, Err(Error::NoSite(_))));
        let pc = lab.pc("Bursa 1", "Bursa", 2).await;
        lab.send(&pc).await.unwrap();
        let sites = lab.store.sites().await.unwrap();
        let told: Vec<_> = sites.iter().map(|site| (site.name.as_str(), site.region.as_str())).collect();
        assert_eq!(told, [("Ankara Merkez", "Ankara"), ("shared:*", "*"), ("Bursa 1", "Bursa")]);
        assert_eq!((sites[0].last_contact_ms, sites[2].last_reason.as_deref()), (None, Some("manual")));
        assert!(sites[2].last_contact_ms.is_some());
    }

    async fn no_two_sites_or_regions_have_names_that_people_take_for_one(lab) {
        lab.store.add_site("Izmir Şube-1", "Izmir").await.unwrap();
        for alike in ["izmir şube-1", "İZMİR ŞUBE-1", "Izmir  Sube-1 ", "ızmır sube-1"] {
            let refused = lab.store.add_site(alike, "Bursa").await.unwrap_err();
            assert!(matches!(&refused, Error::SiteExists(name) if name == "Izmir Şube-1"), "{alike}: {refused}");
        }
        lab.store.add_site("Izmir Şube-2", "Izmir").await.unwrap();
        assert!(matches!(lab.store.rename_site("Izmir Şube-2", "IZMIR ŞUBE-1").await, Err(Error::SiteExists(_))));
        lab.store.rename_site("Izmir Şube-2", "izmir şube-2").await.unwrap();
        for slip in ["izmir", "İzmir", "İZMİR", "ızmir", " IZMIR", "I\u{307}zmir"] {
            assert_eq!(lab.store.region_like(slip).await.unwrap().as_deref(), Some("Izmir"), "{slip}");
        }
        for other in ["Izmir", "Izmit", "Bursa", "*"] {
            assert_eq!(lab.store.region_like(other).await.unwrap(), None, "{other}");
        }
    }

    async fn a_shared_key_stays_shared_under_any_name(lab) {
        let shared = lab.store.shared_device("Ankara").await.unwrap();
        lab.store.rename_site(&shared.name, "Eski anahtar").await.unwrap();
        let again = lab.store.shared_device("Ankara").await.unwrap();
        assert_eq!((again.site, again.shared, again.name.as_str()), (shared.site, true, "Eski anahtar"));
        let sites = lab.store.sites().await.unwrap();
        assert_eq!((sites.len(), sites[0].shared), (1, true));
    }

    async fn the_shared_key_does_not_make_sites_without_end(lab) {
        for at in 0..200 {
            lab.store.shared_device(&format!("Region {at}")).await.unwrap();
        }
        assert!(matches!(lab.store.shared_device("One more").await, Err(Error::Regions(200))));
        assert_eq!(lab.store.shared_device("*").await.unwrap().region, merge::Region::All);
        assert_eq!(lab.store.shared_device("Region 7").await.unwrap().name, "shared:Region 7");
        lab.store.add_site("Ankara 1", "Ankara").await.unwrap();
    }

    async fn two_hubs_on_one_store_take_turns(lab) {
        let settings = store::Settings { data_folder: lab.folder.path().join("second"), ..lab.settings.clone() };
        let second = Store::open(settings).await.unwrap();
        let mut pcs = Vec::new();
        for at in 0..6 {
            pcs.push(lab.pc(&format!("Ankara {at}"), "Ankara", at + 1).await);
        }
        let hubs = [&lab.store, &second];
        let sent = pcs.iter().enumerate().map(|(at, pc)| {
            let hub = hubs[at % 2].clone();
            let (device, path) = (pc.device.clone(), pc.desktop.path().to_owned());
            tokio::spawn(async move { hub.receive(&device, &path, "manual").await })
        });
        for sent in sent.collect::<Vec<_>>() {
            assert_eq!(sent.await.unwrap().unwrap().tables["timesheets"].inserted, 76);
        }
        assert_eq!(lab.all().await.count("timesheets"), 6 * 76);
        assert_eq!(second.status().await.unwrap().tables["timesheets"], 6 * 76);
        let changes = second.recent(&merge::Region::All, 10_000).await.unwrap();
        let revs: std::collections::HashSet<i64> = changes.iter().map(|change| change.rev).collect();
        assert_eq!(revs.len(), changes.len(), "each number was given once");
    }

    async fn files_that_nobody_will_be_given_do_not_stay(lab) {
        let folder = lab.settings.data_folder.join("hand_outs");
        let files = || {
            let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.ends_with(".db")).collect::<std::collections::BTreeSet<_>>()
        };
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let second = lab.pc("Bursa 1", "Bursa", 2).await;
        lab.sync(&second).await;
        for at in 0..4 {
            first.desktop.save_setting("company_name", &at.to_string()).unwrap();
            lab.sync(&first).await;
        }
        let kept = files();
        assert_eq!(kept.len(), 3, "the newest two of one PC, the only one of the other: {kept:?}");
        // Of a lineage that is gone, or that another hub has followed up.
        std::fs::write(folder.join("00112233445566778899aabbccddeeff.db"), "left over").unwrap();
        // Cannot be removed: the hub starts all the same.
        let stuck = folder.join("stuck.db");
        std::fs::create_dir(&stuck).unwrap();
        lab.reopen().await;
        std::fs::remove_dir(&stuck).unwrap();
        assert_eq!(files(), kept);
        lab.store.revoke_site("Ankara 1").await.unwrap();
        assert_eq!(files().len(), 1, "a PC that may not ask any more needs none");
        let before = files();
        let handed = lab.store.hand_out(&second.device).await.unwrap();
        assert!(before.contains(handed.path.file_name().unwrap().to_str().unwrap()), "the same file is still right");
    }
}
