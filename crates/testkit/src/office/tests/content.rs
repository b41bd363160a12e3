//! What generated files hold.

use super::*;

/// A size that the specification measured for this shape.
fn measured(shape: Shape) -> Size {
    match shape {
        Shape::PreSync | Shape::GuideMigrated | Shape::GuideMaster => Size::before_sync(),
        _ => Size::small(),
    }
}

#[test]
fn every_shape_is_sound_at_every_size() -> anyhow::Result<()> {
    for shape in Shape::ALL {
        for size in [measured(shape), Size::year()] {
            let file = File::of(shape, size)?;
            assert!(file.is_sound()?, "{}", shape.name());
            assert_eq!(file.count("employees")?, size.employees as i64);
            assert_eq!(file.count("timesheets")?, size.timesheets as i64);
            let twice = "select count(*) - count(distinct employee_id || work_date) from timesheets";
            assert_eq!(file.one::<i64>(twice)?, 0);
            let last = "select max(work_date) from timesheets";
            assert_eq!(file.one::<String>(last)?, size.now.date());
        }
    }
    Ok(())
}

#[test]
fn a_live_file_has_the_measured_rows() -> anyhow::Result<()> {
    let file = File::of(Shape::Live, Size::small())?;
    for (table, rows) in [
        ("employees", 9),
        ("timesheets", 76),
        ("drivers", 1),
        ("stock_inventory", 12),
        ("reports", 6),
        ("users", 5),
        ("settings", 10),
        ("shift_templates", 2),
        ("deleted_records", 5),
        ("vehicles", 0),
        ("vehicle_inspection_results", 0),
        ("(select distinct employee_id from timesheets)", 6),
        ("(select distinct stok_kod from stock_inventory)", 2),
        ("timesheets where region = 'Izmir'", 76),
        ("employees where id <= 5 or id between 28 and 31", 9),
        ("timesheets where id between 10 and 105", 76),
        ("stock_inventory where id between 289 and 300", 12),
        ("deleted_records where record_id between 106 and 110 and deleted_by is null", 5),
        ("settings where key like 'sync%' and value in ('', '0')", 3),
    ] {
        assert_eq!(file.count(table)?, rows, "{table}");
    }
    let sequence =
        |table: &str| file.one::<i64>(&format!("select seq from sqlite_sequence where name = '{table}'"));
    assert!((1_024..=1_759).contains(&sequence("users")?));
    assert_eq!(sequence("timesheets")?, 110);
    assert_eq!(sequence("vehicle_inspection_results")?, 70);
    Ok(())
}

#[test]
fn small_files_are_as_big_as_the_measured_ones() -> anyhow::Result<()> {
    let kilobytes = |shape| -> anyhow::Result<u64> {
        Ok(std::fs::metadata(File::of(shape, measured(shape))?.path)?.len() / 1_000)
    };
    assert_eq!(kilobytes(Shape::PreSync)?, 36);
    assert!((75..=95).contains(&kilobytes(Shape::GuideMigrated)?));
    assert!((90..=115).contains(&kilobytes(Shape::Live)?));
    assert!((90..=115).contains(&kilobytes(Shape::LiveWithoutTombstones)?));
    Ok(())
}

#[test]
fn a_large_file_has_a_hundred_thousand_timesheets() -> anyhow::Result<()> {
    let file = File::of(Shape::Live, Size::large())?;
    assert_eq!(file.count("timesheets")?, 100_000);
    assert!(file.is_sound()?);
    Ok(())
}

#[test]
fn the_same_office_gives_the_same_bytes_and_another_seed_others() -> anyhow::Result<()> {
    for shape in Shape::ALL {
        let bytes = |seed| -> anyhow::Result<Vec<u8>> {
            let office = Office { shape, size: Size::year(), region: "Bursa", seed };
            Ok(std::fs::read(File::made(&office)?.path)?)
        };
        let first = bytes(1)?;
        assert!(first == bytes(1)?, "{}", shape.name());
        assert!(first != bytes(2)?, "{}", shape.name());
    }
    let shifts = |seed| {
        let office = Office { shape: Shape::Live, size: Size::small(), region: "Bursa", seed };
        File::made(&office)?
            .list("select start_time || end_time || break_minutes from timesheets order by id")
    };
    assert_ne!(shifts(1)?, shifts(2)?);
    Ok(())
}

#[test]
fn the_backup_is_the_beginning_of_the_live_file() -> anyhow::Result<()> {
    let people = |shape, size| {
        File::of(shape, size)?.list(
            "select format('%s %s %s %s %s %s %Q %s', employee_id, full_name, work_date, start_time, end_time,
                           break_minutes, notes, is_special)
             from timesheets join employees on employees.id = employee_id order by timesheets.id",
        )
    };
    let backup = people(Shape::PreSync, Size { employees: 5, ..Size::before_sync() })?;
    let live = people(Shape::Live, Size { employees: 5, ..Size::small() })?;
    assert_eq!(backup, live[..37]);
    Ok(())
}

#[test]
fn texts_are_as_people_left_them() -> anyhow::Result<()> {
    let file = File::of(Shape::Live, Size { employees: 400, ..Size::year() })?;
    for (what, rows) in [
        ("employees where full_name glob '*[ıİşŞğĞüÜöÖçÇ]*'", 350),
        ("(select distinct full_name from employees)", 400),
        ("employees where length(identity_no) = 2", 400),
        ("drivers where phone glob '900000000[0-9][0-9][0-9]'", 4),
        ("reports where file_path glob '[A-Z]:\\*\\*.xlsx'", 24),
        ("reports where created_at glob '????-??-?? ??:??'", 24),
        ("reports where employee = 'Tum Calisanlar' and start_date is null and end_date is null", 12),
        ("stock_inventory where seri_no like stok_kod || 'x%'", 20),
        ("stock_inventory where created_at <> updated_at", 1),
        ("vehicles where plate glob '35 QX?? ???'", 6),
        ("timesheets where break_minutes not in (0, 60)", 0),
    ] {
        assert_eq!(file.count(what)?, rows, "{what}");
    }
    let empty = file.count("timesheets where notes = ''")?;
    assert!((1_250..1_420).contains(&empty), "{empty} empty notes");
    for quirk in [
        "timesheets where notes is null",
        "timesheets where is_special = 1",
        "timesheets where end_time < start_time",
        "vehicles where km is null",
        "vehicle_service_visits where end_date is null",
        "vehicle_service_visits where end_date = ''",
        "vehicle_inspections where fault_id is not null",
        "vehicle_inspections where driver_id is null",
    ] {
        assert!(file.count(quirk)? > 0, "no row: {quirk}");
    }
    Ok(())
}

#[test]
fn rows_do_not_repeat_their_neighbours() -> anyhow::Result<()> {
    let file = File::of(Shape::Live, Size::year())?;
    let shifted = "vehicles one join vehicles other on other.id = one.id + 1
        where other.inspection_date = one.insurance_date and other.insurance_date = one.maintenance_date";
    assert_eq!(file.count(shifted)?, 0);
    Ok(())
}

#[test]
fn each_shape_keeps_its_own_mistakes() -> anyhow::Result<()> {
    let year = |shape| File::of(shape, Size::year());
    // The guide's server copies by position.
    assert!(year(Shape::GuideMaster)?.count("timesheets where is_special = '' and notes = '0'")? > 1_000);
    // The second generation knows nothing of regions that were never written.
    let upgraded = year(Shape::D2Upgraded)?;
    assert_eq!(upgraded.count("timesheets where region is null")?, 2_000);
    assert_eq!(upgraded.count("vehicles where region = 'Izmir'")?, 6);
    // The second edition never calculated the hours it stores, and its people are everywhere.
    let edition = year(Shape::V2)?;
    assert_eq!(edition.count("timesheets where typeof(worked_hours) = 'real' and worked_hours = 0")?, 2_000);
    let regions = "select distinct region from employees order by 1";
    assert_eq!(edition.list(regions)?, ["Bursa", "Istanbul", "Izmir"]);
    Ok(())
}

#[test]
fn passwords_are_stored_in_each_shapes_own_way() -> anyhow::Result<()> {
    let length = |shape| -> anyhow::Result<Vec<String>> {
        File::of(shape, Size::small())?.list("select distinct cast(length(password_hash) as text) from users")
    };
    for shape in [Shape::GuideMigrated, Shape::GuideMaster] {
        assert_eq!(length(shape)?, ["6"]);
    }
    for shape in [Shape::Live, Shape::D1, Shape::D2Fresh, Shape::D2Upgraded] {
        assert_eq!(length(shape)?, ["64"]);
    }
    assert_eq!(length(Shape::V2)?, ["60"]);
    Ok(())
}

#[test]
fn sizes_that_cannot_be_are_refused_and_files_never_overwritten() -> anyhow::Result<()> {
    for (size, why) in [
        (Size { employees: 5, timesheets_a_day: 6, ..Size::small() }, "6 timesheets a day"),
        (Size { timesheets_a_day: 0, ..Size::small() }, "0 timesheets a day"),
        (Size { faults: 1, ..Size::small() }, "need vehicles"),
    ] {
        let refused = File::of(Shape::Live, size).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(why), "{refused}");
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("puantaj.db");
    std::fs::write(&path, "")?;
    let office = Office { shape: Shape::Live, size: Size::small(), region: "Bursa", seed: 1 };
    assert!(generate(&path, &office).is_err());
    assert_eq!(std::fs::read(&path)?, b"");
    Ok(())
}

#[test]
fn shapes_and_sizes_are_known_by_name() -> anyhow::Result<()> {
    for shape in Shape::ALL {
        assert_eq!(shape.name().parse::<Shape>()?, shape);
    }
    assert_eq!(Size::named("year")?, Size::year());
    assert!("live2".parse::<Shape>().is_err() && Size::named("huge").is_err());
    Ok(())
}
