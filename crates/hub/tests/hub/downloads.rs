//! What a PC gets: a file that the old program takes for its own.

use rusqlite::Connection;
use testkit::office::{ACCOUNTS, Desktop, Generation, LEGACY_SCHEMA, Moment, Shape, Size, TABLES};

use crate::{
    office::{NEW, Pc, changes, made},
    world::hub,
};

/// Every table with its columns in their order, types, defaults, keys and references, as SQLite sees them.
fn shape(file: &Connection) -> Vec<String> {
    let sql = "select t.name || ' ' || c.cid || ' ' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' '
        || coalesce(c.dflt_value, '') || ' ' || c.pk from sqlite_master t, pragma_table_info(t.name) c
        where t.type = 'table'
        union all select t.name || ' -> ' || k.\"from\" || ' ' || k.\"table\" || ' ' || k.\"to\" || ' ' || k.on_delete
        from sqlite_master t, pragma_foreign_key_list(t.name) k where t.type = 'table'
        union all select t.name || ' unique ' || x.name || ' ' || c.name
        from sqlite_master t, pragma_index_list(t.name) x, pragma_index_info(x.name) c where x.\"unique\"
        union all select type || ' ' || name from sqlite_master where type not in ('table', 'index')
        order by 1";
    let mut select = file.prepare(sql).unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn text(file: &Connection, sql: &str) -> String {
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Numbers with what stands under them.
const NUMBERS: &str = "select group_concat(id || full_name) from (select * from employees order by id)";
const OWN: &str = "select (select group_concat(key || value) from (select * from settings order by key)) ||
    (select group_concat(id || username || password_hash || role || region) from (select * from users order by id)) ||
    (select group_concat(id || file_path || created_at) from (select * from reports order by id))";

#[tokio::test]
async fn a_download_opens_in_the_old_program_with_the_pcs_own_rows_numbers_and_settings() {
    let world = hub().await;
    let size = Size { timesheets: 100, inspections: 10, now: Size::small().now, ..Size::year() };
    let ankara = Pc::with_token(&world, "Ankara PC", "Ankara", &made("Ankara", Shape::Live, size, 1)).await;
    let bursa = Pc::with_token(&world, "Bursa PC", "Bursa", &made("Bursa", Shape::Live, size, 2)).await;
    ankara.desktop.save_setting("company_name", "Örnek Su A.Ş.").unwrap();
    bursa.desktop.save_setting("company_name", "Bursa Şubesi").unwrap();
    let (before, numbers, own) =
        (ankara.book(), ankara.value::<String>(NUMBERS), ankara.value::<String>(OWN));
    ankara.send(&world).await;
    bursa.send(&world).await;
    let path = ankara.desktop.path().with_extension("fetched");
    std::fs::write(&path, ankara.download(&world).await).unwrap();
    let file = Connection::open(&path).unwrap();
    let live = Connection::open_in_memory().unwrap();
    live.execute_batch(LEGACY_SCHEMA).unwrap();
    let mut known = shape(&live);
    // The hub's mark, which the old program does not look at.
    known.push("denk_lineage 0 tag TEXT 1  0".to_owned());
    known.sort();
    assert_eq!(shape(&file), known);
    assert_eq!(text(&file, "pragma integrity_check"), "ok");
    assert!(!file.prepare("pragma foreign_key_check").unwrap().exists([]).unwrap());
    assert_eq!(text(&file, "pragma journal_mode"), "delete");
    for table in TABLES.iter().filter(|table| !table.contains("templates") && !table.contains("results")) {
        let column = if *table == "stock_inventory" { "bolge" } else { "region" };
        let regions = text(&file, &format!("select group_concat(distinct {column}) from {table}"));
        assert_eq!(regions, "Ankara", "{table}");
    }
    assert_eq!((text(&file, NUMBERS), text(&file, OWN)), (numbers, own));
    drop(file);
    for generation in [Generation::D1BeforeTombstones, Generation::D1, Generation::D2] {
        ankara.fetch(&world).await;
        let program = Desktop::start(ankara.desktop.path(), generation, "Ankara", Moment::USUAL).unwrap();
        assert!(ankara.book() == before, "{generation:?}");
        // The live files' passwords are those of the first generation.
        let region = program.log_in(ACCOUNTS[0].username, ACCOUNTS[0].password).unwrap();
        assert_eq!(region.is_some(), generation != Generation::D2);
    }
    ankara.add_hours(ankara.value("select min(id) from employees"), "2026-02-02");
}

#[tokio::test]
async fn uploaded_back_unchanged_twenty_times_it_changes_nothing() {
    let world = hub().await;
    let headquarters = Pc::with_token(&world, "Merkez", "*", NEW).await;
    let own =
        Pc::with_token(&world, "Ankara PC", "Ankara", &made("Ankara", Shape::Live, Size::small(), 1)).await;
    let shared = Pc::with_shared_key("Bursa", &made("Bursa", Shape::D1, Size::small(), 2));
    own.sync(&world).await;
    shared.sync(&world).await;
    headquarters.sync(&world).await;
    let (all, mine) = (headquarters.book(), own.value::<String>(OWN));
    let rev = world.store.health().await.unwrap().rev;
    for round in 0..20 {
        for pc in [&own, &shared, &headquarters] {
            let told = pc.sync(&world).await;
            assert_eq!(
                (changes(&told), &told["held"], &told["conflicts"]),
                (0, &0.into(), &0.into()),
                "round {round}: {told:#}"
            );
        }
    }
    assert_eq!(world.store.health().await.unwrap().rev, rev);
    assert_eq!(headquarters.book(), all);
    assert_eq!(own.value::<String>(OWN), mine);
    assert_eq!(world.store.alerts().await.unwrap().len(), 0);
}
