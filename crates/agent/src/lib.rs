//! The office side: stands beside a program that owns its file, notices what changed, and exchanges only that with the hub.
//!
//! Owns what is put into the office file (`denk_*` tables and triggers) and the way between file and hub. Never replaces
//! the file, and never blocks its program for longer than a short transaction. Does not know how it is started (service,
//! command line), nor what the hub does with what it sends.
//!
//! The one thing to know: shadow, cursor and batch number stand in the office file itself and change in the transactions
//! that change its rows. So whatever copy of the file comes back, they fit it.

mod agent;
mod cycle;
mod enrolment;
mod leave;
mod link;
pub mod office;
mod page;
mod pause;
mod settings;
mod trouble;
mod watch;

pub use agent::{Agent, State};
pub use cycle::{CycleError, Exchange, Report, Tools, note};
pub use enrolment::{Enrolment, NoEnrolment};
pub use leave::{LeaveError, abandon};
pub use link::{Cause, Hub, Link, LinkError};
pub use office::Random;
pub use page::{Language, Page};
pub use settings::{LISTEN, Settings, SettingsError, only_for_owner};
pub use trouble::{Kind, Trouble};
