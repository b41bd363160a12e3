//! What the program does to its file.

use super::*;

const DELETED: &str = "select table_name || ' ' || record_id from deleted_records order by id";

/// A file without tombstones of its own, and the program on it.
fn at_work(generation: Generation) -> anyhow::Result<(File, Desktop)> {
    let (file, desktop) = File::opened(Shape::Live, generation)?;
    file.conn()?.execute("delete from deleted_records", [])?;
    Ok((file, desktop))
}

#[test]
fn a_new_row_belongs_to_the_entry_region_and_an_edit_moves_it_there() -> anyhow::Result<()> {
    let (file, mut desktop) = at_work(Generation::D2)?;
    let form = Employee { full_name: "Çağrı Örnekgil", identity_no: "42", ..Employee::default() };
    let id = desktop.save_employee(None, &form)?;
    assert_eq!(id, 32);
    let region = format!("select region from employees where id = {id} and department = ''");
    assert_eq!(file.one::<String>(&region)?, "Izmir");
    desktop.region = "Ankara".to_owned();
    assert_eq!(desktop.save_employee(Some(id), &form)?, id);
    assert_eq!(file.one::<String>(&region)?, "Ankara");
    Ok(())
}

#[test]
fn timesheets_are_added_edited_and_never_numbered_like_a_deleted_one() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D2)?;
    let form = Timesheet { employee_id: 1, work_date: "2026-01-25", ..Timesheet::default() };
    let id = desktop.save_timesheet(None, &form)?;
    assert_eq!(id, 111);
    desktop
        .save_timesheet(Some(id), &Timesheet { end_time: "02:00", is_special: true, notes: "ığ", ..form })?;
    let row = "select format('%s %s %s %s %s %s', work_date, start_time, end_time, break_minutes, is_special, notes)
               from timesheets where id = 111";
    assert_eq!(file.one::<String>(row)?, "2026-01-25 09:00 02:00 60 1 ığ");
    desktop.delete(Record::Timesheet, id)?;
    assert_eq!(desktop.save_timesheet(None, &form)?, 112);
    assert_eq!(file.list(DELETED)?, ["timesheets 111"]);
    Ok(())
}

#[test]
fn a_timesheet_needs_its_employee() -> anyhow::Result<()> {
    let (_file, desktop) = at_work(Generation::D2)?;
    assert!(desktop.save_timesheet(None, &Timesheet { employee_id: 999, ..Timesheet::default() }).is_err());
    Ok(())
}

#[test]
fn deleting_an_employee_takes_the_timesheets_along_without_a_tombstone_of_theirs() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D1)?;
    assert!(file.count("timesheets where employee_id = 2")? > 0);
    desktop.delete(Record::Employee, 2)?;
    assert_eq!(file.count("timesheets where employee_id = 2")?, 0);
    assert_eq!(file.list(DELETED)?, ["employees 2"]);
    let moment = "select deleted_at from deleted_records where deleted_by is null";
    assert_eq!(file.one::<String>(moment)?, "2026-05-15T17:45:00.000002");
    Ok(())
}

#[test]
fn deleting_a_vehicle_takes_everything_about_it_along() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D2)?;
    let children =
        "(select vehicle_id from vehicle_faults union all select vehicle_id from vehicle_inspections
        union all select vehicle_id from vehicle_service_visits) where vehicle_id = 7";
    assert!(file.count(children)? > 0);
    desktop.delete(Record::Vehicle, 7)?;
    assert_eq!(file.count(children)?, 0);
    assert_eq!(file.count("vehicle_inspection_results")?, 9 * file.count("vehicle_inspections")?);
    assert!(file.is_sound()?);
    Ok(())
}

#[test]
fn deleting_a_fault_or_driver_leaves_what_named_it() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D2)?;
    let visits = file.count("vehicle_service_visits")?;
    desktop.delete(Record::Fault, 3)?;
    desktop.delete(Record::Driver, 2)?;
    assert_eq!(file.count("vehicle_service_visits")?, visits);
    assert_eq!(file.count("vehicle_service_visits where fault_id = 3")?, 0);
    // Here live files have no reference: the inspection goes on naming a fault that is no more.
    assert_eq!(file.count("vehicle_inspections where fault_id = 3")?, 1);
    assert_eq!(file.count("vehicle_inspections where driver_id is not null")?, 0);
    Ok(())
}

#[test]
fn each_generation_leaves_its_own_tombstones() -> anyhow::Result<()> {
    let all = ["employees", "timesheets", "vehicles", "drivers", "vehicle_faults", "vehicle_service_visits"];
    for (generation, tables) in
        [(Generation::D1BeforeTombstones, &all[..0]), (Generation::D1, &all[..2]), (Generation::D2, &all[..])]
    {
        let (file, desktop) = at_work(generation)?;
        for record in Record::ALL {
            let id = file.one(&format!("select max(id) from {}", record.table()))?;
            let before = file.count(record.table())?;
            desktop.delete(record, id)?;
            assert!(file.count(record.table())? < before, "{record:?}");
        }
        assert_eq!(file.list("select table_name from deleted_records order by id")?, tables);
    }
    Ok(())
}

#[test]
fn a_weekly_check_moves_the_vehicle_and_closes_the_fault() -> anyhow::Result<()> {
    for (generation, region) in [(Generation::D1, "Izmir"), (Generation::D2, "Ankara")] {
        let (file, desktop) = at_work(generation)?;
        file.conn()?
            .execute("update vehicle_faults set status = 'Acik', closed_date = '' where id = 3", [])?;
        let mut results = [Item::default(); 9];
        results[4] = Item { status: "Olumsuz", note: "Diş derinliği az" };
        let id = desktop.add_inspection(&Inspection {
            vehicle_id: 7,
            inspection_date: "2026-01-11",
            km: 5,
            fault_id: Some(3),
            fault_status: Some("Kapandi"),
            service_visit: true,
            results,
            ..Inspection::default()
        })?;
        let row =
            "select week_start || ' ' || service_visit || ' ' || region from vehicle_inspections where id = ";
        // The second generation does not write the region, so that the column's default stands there.
        assert_eq!(file.one::<String>(&format!("{row}{id}"))?, format!("2026-01-05 1 {region}"));
        let keys =
            format!("select item_key from vehicle_inspection_results where inspection_id = {id} order by id");
        assert_eq!(file.list(&keys)?, CHECKLIST);
        let bad = format!(
            "select item_key from vehicle_inspection_results where note <> '' and inspection_id = {id}"
        );
        assert_eq!(file.list(&bad)?, ["tire_condition"]);
        assert_eq!(file.one::<i64>("select km from vehicles where id = 7")?, 5);
        let fault = "select status || ' ' || closed_date from vehicle_faults where id = 3";
        assert_eq!(file.one::<String>(fault)?, "Kapandi 2026-01-11");
    }
    Ok(())
}

#[test]
fn a_check_without_a_reading_leaves_vehicle_and_fault_alone() -> anyhow::Result<()> {
    let (file, mut desktop) = at_work(Generation::D1)?;
    desktop.region = "Bursa".to_owned();
    let before = file.one::<i64>("select km from vehicles where id = 7 and region = 'Izmir'")?;
    desktop.add_inspection(&Inspection {
        vehicle_id: 7,
        inspection_date: "2026-01-04",
        ..Inspection::default()
    })?;
    assert_eq!(file.one::<i64>("select km from vehicles where id = 7 and region = 'Izmir'")?, before);
    Ok(())
}

#[test]
fn a_week_starts_on_monday() -> anyhow::Result<()> {
    for generation in [Generation::D1, Generation::D2] {
        let (file, desktop) = at_work(generation)?;
        for (date, monday) in
            [("2026-01-04", "2025-12-29"), ("2026-01-05", "2026-01-05"), ("2026-01-07", "2026-01-05")]
        {
            let form = Inspection { vehicle_id: 7, inspection_date: date, ..Inspection::default() };
            let id = desktop.add_inspection(&form)?;
            let week = format!("select week_start from vehicle_inspections where id = {id}");
            assert_eq!(file.one::<String>(&week)?, monday);
        }
        let generated = "vehicle_inspections where week_start not in
            (date(inspection_date, 'weekday 1'), date(inspection_date, 'weekday 1', '-7 days'))
            or strftime('%w', week_start) <> '1' or week_start > inspection_date";
        assert_eq!(file.count(generated)?, 0);
    }
    Ok(())
}

#[test]
fn vehicles_drivers_faults_and_visits_are_added_and_edited() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D2)?;
    let vehicle = Vehicle { plate: "35 QXZZ 900", km: 10, notes: "yeni", ..Vehicle::default() };
    let vehicle_id = desktop.save_vehicle(None, &vehicle)?;
    assert!(desktop.save_vehicle(None, &vehicle).is_err());
    // The form of a selected vehicle has no notes.
    desktop.save_vehicle(Some(vehicle_id), &Vehicle { km: 20, notes: "", ..vehicle })?;
    assert_eq!(
        file.count("vehicles where plate = '35 QXZZ 900' and km = 20 and notes = '' and oil_change_km = 0")?,
        1
    );
    let driver = Driver { full_name: "Ümit Örnekgil", phone: "900000000777", ..Driver::default() };
    let driver_id = desktop.save_driver(None, &driver)?;
    desktop.save_driver(Some(driver_id), &Driver { license_class: "C", ..driver })?;
    assert!(desktop.save_driver(None, &driver).is_err());
    let fault = Fault { vehicle_id, title: "Akü", status: "Acik", ..Fault::default() };
    let fault_id = desktop.save_fault(None, &fault)?;
    desktop.save_fault(Some(fault_id), &Fault { status: "Kapandi", ..fault })?;
    assert_eq!(
        file.count("vehicle_faults where title = 'Akü' and status = 'Kapandi' and closed_date = ''")?,
        1
    );
    let visit = ServiceVisit {
        vehicle_id,
        fault_id: Some(fault_id),
        start_date: "2026-01-20",
        cost: 1.5,
        ..ServiceVisit::default()
    };
    let visit_id = desktop.save_service_visit(None, &visit)?;
    assert_eq!(file.count("vehicle_service_visits where start_date = '2026-01-20' and end_date is null")?, 1);
    desktop.save_service_visit(Some(visit_id), &ServiceVisit { end_date: Some("2026-01-21"), ..visit })?;
    assert_eq!(
        file.count(
            "vehicle_service_visits where end_date = '2026-01-21' and cost = 1.5 and region = 'Izmir'"
        )?,
        1
    );
    Ok(())
}

#[test]
fn a_stock_upload_replaces_its_region_only() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D2)?;
    let goods = [Product { code: "754", name: "Örnek Filtre", serials: &["S1", "S2"] }];
    assert_eq!(desktop.upload_stock("Istanbul", &goods)?, 2);
    assert_eq!(file.count("stock_inventory where bolge = 'Izmir'")?, 12);
    assert_eq!(desktop.upload_stock("Izmir", &[Product { serials: &["S3"], ..goods[0] }])?, 1);
    let rows =
        "select format('%s %s %s %s %s %s %s %s %s', id, stok_kod, seri_no, durum, tarih, girdi_yapan, bolge,
                              adet, created_at = updated_at) from stock_inventory order by id";
    let expected = [
        "301 754 S1 OK 2026-05-15 system Istanbul 1 1",
        "302 754 S2 OK 2026-05-15 system Istanbul 1 1",
        "303 754 S3 OK 2026-05-15 system Izmir 1 1",
    ];
    assert_eq!(file.list(rows)?, expected);
    assert_eq!(
        file.one::<String>("select created_at from stock_inventory where id = 301")?,
        "2026-05-15 14:45:00"
    );
    assert_eq!(file.count("deleted_records")?, 0);
    Ok(())
}

#[test]
fn a_serial_number_that_is_there_ends_its_product() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D2)?;
    let name = "Örnek";
    let goods = [
        Product { code: "1", name, serials: &["S1", "S1", "S2"] },
        Product { code: "2", name, serials: &["S3"] },
    ];
    assert_eq!(desktop.upload_stock("Izmir", &goods)?, 2);
    // The first one belongs to Izmir: nothing of it arrives, and the region is empty all the same.
    assert_eq!(desktop.upload_stock("Istanbul", &[Product { code: "3", name, serials: &["S1", "S9"] }])?, 0);
    assert_eq!(desktop.upload_stock("Izmir", &[])?, 0);
    assert_eq!(file.count("stock_inventory")?, 0);
    Ok(())
}

#[test]
fn settings_and_templates_are_replaced_and_reports_noted() -> anyhow::Result<()> {
    let (file, desktop) = at_work(Generation::D2)?;
    desktop.save_setting("sync_token", "örnek")?;
    assert_eq!(file.list("select value from settings where key = 'sync_token'")?, ["örnek"]);
    let form =
        ShiftTemplate { name: "Cumartesi 09-14", start_time: "10:00", end_time: "14:00", break_minutes: 0 };
    assert_eq!(desktop.save_shift_template(&form)?, 3);
    assert_eq!(file.count("shift_templates")?, 2);
    desktop.delete_shift_template(3)?;
    assert_eq!(file.count("shift_templates")?, 1);
    desktop.log_report(&Report {
        file_path: r"C:\a.xlsx",
        employee: "Tum Calisanlar",
        ..Report::default()
    })?;
    let row = "select created_at from reports where start_date is null order by id desc";
    assert_eq!(file.one::<String>(row)?, "2026-05-15 17:45");
    Ok(())
}

#[test]
fn the_first_generation_repairs_an_old_file_at_every_start() -> anyhow::Result<()> {
    let file = File::of(Shape::D2Upgraded, Size::small())?;
    file.conn()?.execute("update employees set region = ' ' where id = 1", [])?;
    let start = || Desktop::start(&file.path, Generation::D1, "Izmir", Moment::USUAL);
    let sequence = || file.one::<i64>("select seq from sqlite_sequence where name = 'users'");
    start()?;
    assert_eq!(file.count("employees where region = 'Ankara'")?, 9);
    assert_eq!(file.count("timesheets where region = 'Ankara'")?, 76);
    assert_eq!(file.count("drivers where region = 'Izmir'")?, 1);
    let before = sequence()?;
    start()?;
    assert_eq!(sequence()?, before + 5);
    assert_eq!(file.count("users")?, 5);
    Ok(())
}

#[test]
fn the_first_generation_turns_the_backup_into_a_live_file() -> anyhow::Result<()> {
    let file = File::of(Shape::PreSync, Size::before_sync())?;
    Desktop::start(&file.path, Generation::D1BeforeTombstones, "Izmir", Moment::USUAL)?;
    let columns = "select group_concat(name, ' ') from pragma_table_info('timesheets')";
    let expected = "id employee_id work_date start_time end_time break_minutes notes is_special region";
    assert_eq!(file.one::<String>(columns)?, expected);
    assert_eq!(file.count("timesheets where region = 'Ankara'")?, 37);
    assert_eq!((file.count("settings")?, file.count("users")?, file.count("shift_templates")?), (10, 5, 2));
    assert!(!file.tables()?.contains(&"deleted_records".to_owned()));
    Desktop::start(&file.path, Generation::D1, "Izmir", Moment::USUAL)?;
    assert!(file.tables()?.contains(&"deleted_records".to_owned()));
    Ok(())
}

#[test]
fn the_second_generation_leaves_old_files_as_they_are() -> anyhow::Result<()> {
    let file = File::of(Shape::GuideMigrated, Size::year())?;
    let columns = |table: &str| file.list(&format!("select name from pragma_table_info('{table}')"));
    let inspections = columns("vehicle_inspections")?;
    Desktop::start(&file.path, Generation::D2, "Izmir", Moment::USUAL)?;
    assert_eq!(columns("vehicle_inspections")?, inspections);
    assert!(columns("vehicle_faults")?.contains(&"region".to_owned()));
    assert_eq!(file.count("employees where region is null")?, 12);
    // There are users, so it makes none.
    assert_eq!(file.count("users where length(password_hash) = 6")?, 5);
    Ok(())
}

#[test]
fn users_of_the_first_generation_cannot_log_in_to_the_second() -> anyhow::Result<()> {
    let (_file, first) = at_work(Generation::D1)?;
    let second = Desktop::start(first.path(), Generation::D2, "Izmir", Moment::USUAL)?;
    let (_other, fresh) = File::opened(Shape::D2Fresh, Generation::D2)?;
    for account in ACCOUNTS {
        let log_in = |desktop: &Desktop| desktop.log_in(account.username, account.password);
        assert_eq!(log_in(&first)?.as_deref(), Some(account.region));
        assert_eq!(log_in(&second)?, None);
        assert_eq!(log_in(&fresh)?.as_deref(), Some(account.region));
        assert_eq!(first.log_in(account.username, "prv-x1")?, None);
    }
    assert_eq!(first.log_in("nobody", "prv-a1")?, None);
    Ok(())
}
