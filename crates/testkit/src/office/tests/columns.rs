//! Tables and columns of every shape, as the specification lists them.

use super::*;

/// A table and its columns in order: `name`, `:TYPE` where it is not TEXT, `!` where NULL is refused, `=` and the
/// default, `*` for a primary key that is not `id`.
type Tables = &'static [&'static str];

const SETTINGS: &str = "settings: key* value!";
const REPORTS: &str = "reports: id file_path! created_at! employee start_date end_date";
const TEMPLATES: &str = "shift_templates: id name! start_time! end_time! break_minutes:INTEGER!=0";
const USERS: &str = "users: id username! password_hash! role! region!";
const RESULTS: &str = "vehicle_inspection_results: id inspection_id:INTEGER! item_key! status! note";
const STOCK: &str = "stock_inventory: id stok_kod stok_adi seri_no! durum tarih girdi_yapan bolge! adet:INTEGER \
                     created_at:TIMESTAMP=CURRENT_TIMESTAMP updated_at:TIMESTAMP=CURRENT_TIMESTAMP";
const TOMBSTONES: &str = "deleted_records: id table_name! record_id:INTEGER! deleted_at! deleted_by";

const PLAIN_EMPLOYEES: &str = "employees: id full_name! identity_no department title";

const PRE_SYNC: Tables = &[
    PLAIN_EMPLOYEES,
    "timesheets: id employee_id:INTEGER! work_date! start_time! end_time! break_minutes:INTEGER!=0 notes \
     is_special:INTEGER!=0",
    SETTINGS,
    TEMPLATES,
    REPORTS,
];

const GUIDE_VEHICLES: &str = "vehicles: id plate! brand model year km:INTEGER inspection_date insurance_date \
                              maintenance_date oil_change_date oil_change_km:INTEGER oil_interval_km:INTEGER notes";
const GUIDE_DRIVERS: &str = "drivers: id full_name! license_class license_expiry phone notes";
const GUIDE_FAULTS: &str =
    "vehicle_faults: id vehicle_id:INTEGER! title! description opened_date closed_date";
const GUIDE_INSPECTIONS: &str = "vehicle_inspections: id vehicle_id:INTEGER! inspection_date created_at";
const GUIDE_RESULTS: &str = "vehicle_inspection_results: id inspection_id:INTEGER! item_name status notes";
const GUIDE_VISITS: &str = "vehicle_service_visits: id vehicle_id:INTEGER! service_date description cost:REAL \
                            km_at_service:INTEGER";

const GUIDE_MIGRATED: Tables = &[
    PLAIN_EMPLOYEES,
    "timesheets: id employee_id:INTEGER! work_date! start_time! end_time! break_minutes:INTEGER!=0 notes \
     is_special:INTEGER!=0 region='Ankara'",
    SETTINGS,
    TEMPLATES,
    REPORTS,
    GUIDE_VEHICLES,
    GUIDE_DRIVERS,
    USERS,
    GUIDE_FAULTS,
    GUIDE_INSPECTIONS,
    GUIDE_RESULTS,
    GUIDE_VISITS,
];

const GUIDE_MASTER: Tables = &[
    PLAIN_EMPLOYEES,
    "timesheets: id employee_id:INTEGER! work_date! start_time! end_time! break_minutes:INTEGER!=0 \
     is_special:INTEGER!=0 notes region!",
    GUIDE_VEHICLES,
    GUIDE_DRIVERS,
    USERS,
    GUIDE_FAULTS,
    GUIDE_INSPECTIONS,
    GUIDE_RESULTS,
    GUIDE_VISITS,
];

const LIVE: Tables = &[
    "employees: id full_name! identity_no department title region='Ankara'",
    "timesheets: id employee_id:INTEGER! work_date! start_time! end_time! break_minutes:INTEGER!=0 notes \
     is_special:INTEGER!=0 region='Ankara'",
    SETTINGS,
    REPORTS,
    TEMPLATES,
    "vehicles: id plate! brand model year km:INTEGER inspection_date insurance_date maintenance_date notes \
     oil_change_date oil_change_km:INTEGER oil_interval_km:INTEGER region='Ankara'",
    "drivers: id full_name! license_class license_expiry phone notes region='Ankara'",
    USERS,
    "vehicle_faults: id vehicle_id:INTEGER! title! description opened_date closed_date status='Acik' \
     region='Ankara'",
    "vehicle_inspections: id vehicle_id:INTEGER! driver_id:INTEGER inspection_date! week_start! km:INTEGER notes \
     fault_id:INTEGER fault_status service_visit:INTEGER=0 region='Ankara'",
    RESULTS,
    "vehicle_service_visits: id vehicle_id:INTEGER! fault_id:INTEGER start_date! end_date reason cost:REAL notes \
     region='Ankara'",
    STOCK,
    TOMBSTONES,
];

const D1_TIMESHEETS: &str = "timesheets: id employee_id:INTEGER! work_date! start_time! end_time! \
                             break_minutes:INTEGER!=0 is_special:INTEGER!=0 notes region='Ankara'";
const D1_VEHICLES: &str = "vehicles: id plate! brand model year km:INTEGER inspection_date insurance_date \
                           maintenance_date oil_change_date oil_change_km:INTEGER oil_interval_km:INTEGER notes \
                           region='Ankara'";

const D2_FRESH: Tables = &[
    "employees: id full_name! identity_no department title region",
    "timesheets: id employee_id:INTEGER! work_date! start_time! end_time! break_minutes:INTEGER!=0 \
     is_special:INTEGER!=0 notes region",
    SETTINGS,
    REPORTS,
    TEMPLATES,
    "vehicles: id plate! brand model year km:INTEGER inspection_date insurance_date maintenance_date \
     oil_change_date oil_change_km:INTEGER oil_interval_km:INTEGER notes region",
    "drivers: id full_name! license_class license_expiry phone notes region",
    USERS,
    "vehicle_faults: id vehicle_id:INTEGER! title! description opened_date closed_date status='Acik' region",
    "vehicle_inspections: id vehicle_id:INTEGER! driver_id:INTEGER inspection_date! week_start! km:INTEGER notes \
     fault_id:INTEGER fault_status service_visit:INTEGER=0",
    RESULTS,
    "vehicle_service_visits: id vehicle_id:INTEGER! fault_id:INTEGER start_date! end_date reason cost:REAL notes \
     region",
    STOCK,
    TOMBSTONES,
];

/// Names only: its types are another family's.
const V2: Tables = &[
    "users: id username password_hash full_name email phone role region is_active is_locked failed_login_attempts \
     last_login created_at updated_at created_by",
    "employees: id full_name tc_no birth_date phone email address employee_no department position hire_date \
     termination_date is_active region shift_template_id notes created_at updated_at created_by",
    "timesheets: id employee_id work_date clock_in clock_out break_minutes is_special_day worked_hours \
     scheduled_hours overtime_hours night_hours overnight_hours special_normal_hours special_overtime_hours \
     special_night_hours is_approved approved_by approved_at region notes created_at updated_at created_by",
    "vehicles: id plate_number brand model year color vin current_km oil_change_km oil_interval_km \
     insurance_expiry inspection_expiry status region notes created_at updated_at created_by",
    "drivers: id full_name tc_no phone license_no license_type license_expiry hire_date termination_date is_active \
     region notes created_at updated_at created_by",
    "audit_logs: id user_id username user_role user_region action entity_type entity_id description old_values \
     new_values timestamp ip_address device_info",
    "messages: id sender_id sender_username sender_region receiver_id receiver_region subject body priority \
     is_read read_at created_at",
    "notifications: id user_id region type title message action_url is_read read_at created_at expires_at",
    "presence: id user_id status last_activity device_info ip_address",
    "sync_logs: id user_id region sync_type entity_type entity_id status records_affected conflict_data resolution \
     started_at completed_at",
];

fn expected(shape: Shape) -> Vec<&'static str> {
    let replaced = |tables: Tables, others: &[&'static str]| -> Vec<_> {
        let name = |table: &&'static str| table.split(':').next();
        let other = |table| others.iter().find(|other| name(other) == name(table)).unwrap_or(table);
        tables.iter().map(|table| *other(table)).collect()
    };
    match shape {
        Shape::PreSync => PRE_SYNC.to_vec(),
        Shape::GuideMigrated => GUIDE_MIGRATED.to_vec(),
        Shape::GuideMaster => GUIDE_MASTER.to_vec(),
        Shape::Live => LIVE.to_vec(),
        Shape::LiveWithoutTombstones => LIVE[..LIVE.len() - 1].to_vec(),
        Shape::D1 => replaced(LIVE, &[D1_TIMESHEETS, D1_VEHICLES]),
        Shape::D2Fresh => D2_FRESH.to_vec(),
        Shape::D2Upgraded => d2_upgraded(),
        Shape::V2 => V2.to_vec(),
    }
}

/// The five old tables, two of them with a region at the end, then what was missing.
fn d2_upgraded() -> Vec<&'static str> {
    let mut tables = PRE_SYNC.to_vec();
    tables[0] = D2_FRESH[0];
    tables[1] = "timesheets: id employee_id:INTEGER! work_date! start_time! end_time! break_minutes:INTEGER!=0 notes \
                 is_special:INTEGER!=0 region";
    tables.extend(&D2_FRESH[5..]);
    tables
}

/// The tables of a file in the same words.
fn found(file: &File, names_only: bool) -> anyhow::Result<Vec<String>> {
    let columns = "select name || iif(?2, '',
               iif(name = 'id' or type = 'TEXT', '', ':' || type) || iif(\"notnull\", '!', '')
               || coalesce('=' || dflt_value, '') || iif(pk and name <> 'id', '*', ''))
        from pragma_table_info(?1) order by cid";
    let conn = file.conn()?;
    let mut columns = conn.prepare(columns)?;
    let mut tables = Vec::new();
    for table in file.tables()? {
        let names = columns.query_map(rusqlite::params![table, names_only], |row| row.get(0))?;
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        tables.push(format!("{table}: {}", names.join(" ")));
    }
    Ok(tables)
}

#[test]
fn every_shape_has_the_tables_and_columns_of_the_specification() -> anyhow::Result<()> {
    for shape in Shape::ALL {
        let file = File::of(shape, Size::small())?;
        assert_eq!(found(&file, shape == Shape::V2)?, expected(shape), "{}", shape.name());
    }
    Ok(())
}

#[test]
fn no_shape_of_the_office_program_has_an_index_trigger_or_view_of_its_own() -> anyhow::Result<()> {
    for shape in Shape::ALL {
        let file = File::of(shape, Size::small())?;
        assert_eq!(
            file.one::<i64>("select count(*) from sqlite_master where sql not like 'create table%'")?,
            0
        );
        let ids = "select count(*) from sqlite_master where sql like '% id INTEGER primary key%'";
        let keyed =
            "select count(*) from sqlite_master where sql like '% id INTEGER primary key autoincrement%'";
        assert_eq!(file.one::<i64>(ids)?, file.one::<i64>(keyed)?);
        for (pragma, value) in
            [("user_version", "0"), ("page_size", "4096"), ("journal_mode", "delete"), ("encoding", "UTF-8")]
        {
            let read = "select cast((select * from pragma_".to_owned() + pragma + ") as text)";
            assert_eq!(file.one::<String>(&read)?, value, "{pragma} of {}", shape.name());
        }
    }
    Ok(())
}

/// References as `table.column -> parent rule`.
fn references(shape: Shape) -> anyhow::Result<Vec<String>> {
    File::of(shape, Size::small())?.list(
        "select child.name || '.' || \"from\" || ' -> ' || \"table\" || ' ' || on_delete
         from sqlite_master child, pragma_foreign_key_list(child.name) where child.type = 'table' order by 1",
    )
}

#[test]
fn live_inspections_do_not_refer_to_faults_but_the_code_says_they_do() -> anyhow::Result<()> {
    let live = [
        "timesheets.employee_id -> employees CASCADE",
        "vehicle_faults.vehicle_id -> vehicles CASCADE",
        "vehicle_inspection_results.inspection_id -> vehicle_inspections CASCADE",
        "vehicle_inspections.driver_id -> drivers SET NULL",
        "vehicle_inspections.vehicle_id -> vehicles CASCADE",
        "vehicle_service_visits.fault_id -> vehicle_faults SET NULL",
        "vehicle_service_visits.vehicle_id -> vehicles CASCADE",
    ];
    assert_eq!(references(Shape::Live)?, live);
    let mut code = live.map(str::to_owned).to_vec();
    code.insert(4, "vehicle_inspections.fault_id -> vehicle_faults SET NULL".to_owned());
    assert_eq!(references(Shape::D1)?, code);
    assert_eq!(references(Shape::D2Fresh)?, code);
    Ok(())
}

/// Columns that refuse a value twice, besides primary keys.
fn unique(shape: Shape) -> anyhow::Result<Vec<String>> {
    File::of(shape, Size::small())?.list(
        "select owner.name || '.' || field.name from sqlite_master owner, pragma_index_list(owner.name) rule,
                pragma_index_info(rule.name) field
         where owner.type = 'table' and rule.origin = 'u' order by 1",
    )
}

#[test]
fn names_of_drivers_are_unique_everywhere_but_in_files_of_the_second_generation() -> anyhow::Result<()> {
    let live = [
        "drivers.full_name",
        "shift_templates.name",
        "stock_inventory.seri_no",
        "users.username",
        "vehicles.plate",
    ];
    assert_eq!(unique(Shape::Live)?, live);
    assert_eq!(unique(Shape::D1)?, live);
    assert_eq!(unique(Shape::D2Fresh)?, live[1..]);
    Ok(())
}
