//! What the program's forms hold. A blank field is an empty text or 0, as the program stores it.

use crate::office::reason;

#[derive(Debug, Clone, Copy, Default)]
pub struct Employee<'a> {
    pub full_name: &'a str,
    pub identity_no: &'a str,
    pub department: &'a str,
    pub title: &'a str,
}

#[derive(Debug, Clone, Copy)]
pub struct Timesheet<'a> {
    pub employee_id: i64,
    /// `YYYY-MM-DD`.
    pub work_date: &'a str,
    /// `HH:MM`, like the end.
    pub start_time: &'a str,
    pub end_time: &'a str,
    pub break_minutes: i64,
    pub is_special: bool,
    pub notes: &'a str,
}

/// A form as it opens.
impl Default for Timesheet<'_> {
    fn default() -> Self {
        Self {
            employee_id: 0,
            work_date: "",
            start_time: "09:00",
            end_time: "18:00",
            break_minutes: 60,
            is_special: false,
            notes: "",
        }
    }
}

/// Selecting a vehicle does not load its notes into the form: who then saves with empty notes has erased them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vehicle<'a> {
    pub plate: &'a str,
    pub brand: &'a str,
    pub model: &'a str,
    pub year: &'a str,
    pub km: i64,
    pub inspection_date: &'a str,
    pub insurance_date: &'a str,
    pub maintenance_date: &'a str,
    pub oil_change_date: &'a str,
    pub oil_change_km: i64,
    pub oil_interval_km: i64,
    pub notes: &'a str,
}

/// Notes are as easily lost as a vehicle's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Driver<'a> {
    pub full_name: &'a str,
    pub license_class: &'a str,
    pub license_expiry: &'a str,
    pub phone: &'a str,
    pub notes: &'a str,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Fault<'a> {
    pub vehicle_id: i64,
    pub title: &'a str,
    pub description: &'a str,
    pub opened_date: &'a str,
    pub closed_date: &'a str,
    /// `Acik`, `Kapandi` or `Takip`.
    pub status: &'a str,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct ServiceVisit<'a> {
    pub vehicle_id: i64,
    pub fault_id: Option<i64>,
    pub start_date: &'a str,
    /// `None`: still in the shop.
    pub end_date: Option<&'a str>,
    pub reason: &'a str,
    pub cost: f64,
    pub notes: &'a str,
}

/// A weekly check.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inspection<'a> {
    pub vehicle_id: i64,
    pub driver_id: Option<i64>,
    pub inspection_date: &'a str,
    /// Above 0 it becomes the vehicle's, even downwards.
    pub km: i64,
    pub notes: &'a str,
    pub fault_id: Option<i64>,
    /// `Kapandi` closes the fault.
    pub fault_status: Option<&'a str>,
    pub service_visit: bool,
    /// The nine results in the order of [`CHECKLIST`](super::CHECKLIST).
    pub results: [Item<'a>; 9],
}

/// One result of a weekly check: `Olumlu` as the form opens.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// `Olumlu`, `Olumsuz` or `Bilinmiyor`.
    pub status: &'a str,
    pub note: &'a str,
}

impl Default for Item<'_> {
    fn default() -> Self {
        Self { status: "Olumlu", note: "" }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct ShiftTemplate<'a> {
    pub name: &'a str,
    pub start_time: &'a str,
    pub end_time: &'a str,
    pub break_minutes: i64,
}

/// An exported report; without dates it covers everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report<'a> {
    pub file_path: &'a str,
    /// A name, or `Tum Calisanlar`.
    pub employee: &'a str,
    pub start_date: Option<&'a str>,
    pub end_date: Option<&'a str>,
}

/// What can be entered, edited and deleted by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    Employee,
    Timesheet,
    Vehicle,
    Driver,
    Fault,
    ServiceVisit,
}

impl Record {
    pub const ALL: [Self; 6] =
        [Self::Employee, Self::Timesheet, Self::Vehicle, Self::Driver, Self::Fault, Self::ServiceVisit];

    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Employee => "employees",
            Self::Timesheet => "timesheets",
            Self::Vehicle => "vehicles",
            Self::Driver => "drivers",
            Self::Fault => "vehicle_faults",
            Self::ServiceVisit => "vehicle_service_visits",
        }
    }

    /// Why the program synchronises after saving one, and after deleting one.
    #[must_use]
    pub const fn reasons(self) -> [&'static str; 2] {
        match self {
            Self::Employee => [reason::EMPLOYEE, reason::EMPLOYEE_DELETE],
            Self::Timesheet => [reason::TIMESHEET, reason::TIMESHEET_DELETE],
            Self::Vehicle => [reason::VEHICLE, reason::VEHICLE_DELETE],
            Self::Driver => [reason::DRIVER, reason::DRIVER_DELETE],
            Self::Fault => [reason::FAULT, reason::FAULT_DELETE],
            Self::ServiceVisit => [reason::SERVICE_VISIT, reason::SERVICE_VISIT_DELETE],
        }
    }

    pub(super) const fn deletion(self) -> &'static str {
        use super::statement;
        match self {
            Self::Employee => statement!("employee_delete"),
            Self::Timesheet => statement!("timesheet_delete"),
            Self::Vehicle => statement!("vehicle_delete"),
            Self::Driver => statement!("driver_delete"),
            Self::Fault => statement!("fault_delete"),
            Self::ServiceVisit => statement!("visit_delete"),
        }
    }
}
