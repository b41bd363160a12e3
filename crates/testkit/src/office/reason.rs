//! What the old program says in `X-Reason` when it synchronises.

pub const EMPLOYEE: &str = "employee";
pub const EMPLOYEE_DELETE: &str = "employee_delete";
pub const TIMESHEET: &str = "timesheet";
pub const TIMESHEET_DELETE: &str = "timesheet_delete";
pub const VEHICLE: &str = "vehicle";
pub const VEHICLE_DELETE: &str = "vehicle_delete";
pub const DRIVER: &str = "driver";
pub const DRIVER_DELETE: &str = "driver_delete";
pub const FAULT: &str = "fault";
pub const FAULT_DELETE: &str = "fault_delete";
pub const SERVICE_VISIT: &str = "service_visit";
pub const SERVICE_VISIT_DELETE: &str = "service_visit_delete";
pub const VEHICLE_INSPECTION: &str = "vehicle_inspection";
pub const SETTINGS: &str = "settings";
pub const STOCK_UPLOAD: &str = "stock_upload";
pub const MANUAL: &str = "manual";
/// Of the first generation's own function.
pub const PERIODIC_SYNC: &str = "periodic_sync";
/// Of the guide's example.
pub const AUTO_SYNC: &str = "auto_sync";
