//! What offices share with the hub, read from the office program alone: tests hold denk's own rules against it.

/// **Order**: parents first.
pub const TABLES: [&str; 10] = [
    "employees",
    "timesheets",
    "shift_templates",
    "vehicles",
    "drivers",
    "vehicle_faults",
    "vehicle_inspections",
    "vehicle_inspection_results",
    "vehicle_service_visits",
    "stock_inventory",
];

/// A column that names a row of another table.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    pub table: &'static str,
    pub column: &'static str,
    pub to: &'static str,
    /// Whether the row cannot be without it.
    pub needed: bool,
}

const REFERENCES: [Reference; 8] = [
    needed("timesheets", "employee_id", "employees"),
    needed("vehicle_faults", "vehicle_id", "vehicles"),
    needed("vehicle_inspections", "vehicle_id", "vehicles"),
    optional("vehicle_inspections", "driver_id", "drivers"),
    optional("vehicle_inspections", "fault_id", "vehicle_faults"),
    needed("vehicle_inspection_results", "inspection_id", "vehicle_inspections"),
    needed("vehicle_service_visits", "vehicle_id", "vehicles"),
    optional("vehicle_service_visits", "fault_id", "vehicle_faults"),
];

const fn needed(table: &'static str, column: &'static str, to: &'static str) -> Reference {
    Reference { table, column, to, needed: true }
}

const fn optional(table: &'static str, column: &'static str, to: &'static str) -> Reference {
    Reference { table, column, to, needed: false }
}

/// What rows of a table refer to.
pub fn references(table: &str) -> impl Iterator<Item = &'static Reference> {
    REFERENCES.iter().filter(move |reference| reference.table == table)
}
