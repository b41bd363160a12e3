//! What a vehicle or a driver asks for: oil, papers that run out, faults and checks that repeat themselves.
//!
//! Rows are handed in with their keys (`K`: a local id, a gid, a plate); what comes back names them by these keys.

mod checks;
mod deadline;
mod faults;
mod oil;

pub use checks::{
    Change, Inspection, ItemChange, LastCheck, Problems, Reading, changes, fallen, last_checks, problems,
};
pub use deadline::{Deadline, Urgency};
pub use faults::{Fault, RepeatedFault, most_faults, repeated_faults};
pub use oil::{Odometer, Oil};
