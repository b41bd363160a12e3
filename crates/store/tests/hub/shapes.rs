//! Files of every historical shape.

use store::Refusal;
use testkit::office::{Shape, Size};

use crate::lab::{Book, on_both};

on_both! {
    async fn a_file_of_every_shape_comes_in_and_goes_out_complete(lab) {
        for (at, shape) in Shape::ALL.into_iter().enumerate().filter(|(_, shape)| *shape != Shape::V2) {
            let device = lab.site(shape.name(), "Ankara").await;
            let size = if shape == Shape::PreSync { Size::before_sync() } else { Size::small() };
            let pc = lab.pc_of(device, "Ankara", at as u64 + 1, shape, size);
            let before = lab.all().await;
            let receipt = lab.send(&pc).await.unwrap_or_else(|error| panic!("{}: {error}", shape.name()));
            let refused: usize = receipt.tables.values().map(|told| told.refused).sum();
            assert_eq!(refused, 0, "{} {receipt:?}", shape.name());
            let all = lab.all().await;
            let people = receipt.tables["employees"];
            assert_eq!(all.count("employees"), before.count("employees") + people.read, "{}", shape.name());
            assert_eq!(people.inserted, people.read);
            lab.fetch(&pc).await;
            let book = Book::of(&pc);
            assert!(book.holds(&before), "{} sees its region", shape.name());
            for _ in 0..2 {
                let receipt = lab.sync(&pc).await;
                for (table, told) in &receipt.tables {
                    let changed = told.inserted + told.updated + told.deleted + told.refused;
                    assert_eq!(changed, 0, "{} {table} {told:?}", shape.name());
                }
            }
            assert_eq!(Book::of(&pc), book);
        }
    }

    async fn what_is_no_office_file_is_refused_and_nothing_is_stored(lab) {
        let device = lab.site("Ankara 1", "Ankara").await;
        let v2 = lab.pc_of(device.clone(), "Ankara", 1, Shape::Live, Size::small());
        let whole = v2.desktop.upload().unwrap();
        for bytes in [&b"not a database"[..], &whole[..whole.len() / 2], &[]] {
            let rejected = lab.send_bytes(&device, bytes).await.unwrap_err();
            assert_eq!(rejected.refusal(), Refusal::Unfit, "{rejected}");
        }
        let large = vec![0; 65 << 20];
        assert_eq!(lab.send_bytes(&device, &large).await.unwrap_err().refusal(), Refusal::TooLarge);
        let mut settings = lab.settings.clone();
        settings.upload_bytes_max = whole.len() as u64 - 1;
        let narrow = store::Store::open(settings).await.unwrap();
        assert_eq!(narrow.plan(&device, v2.desktop.path()).await.unwrap_err().refusal(), Refusal::TooLarge);
        let kept = std::fs::read_dir(lab.settings.data_folder.join("uploads")).unwrap();
        assert_eq!(kept.filter(|file| file.as_ref().unwrap().path().extension().is_some()).count(), 0);
        assert_eq!(lab.store.status().await.unwrap().tables["employees"], 0);
    }
}
