//! Flows: declared one-way movements of rows from one database to another.
//!
//! A flow is a file ([`Flow`]); [`bind()`] checks it against both real schemas; [`Runner`] compares source and target
//! through the mapping and writes the differences, with the cursor, in one transaction of the target. a dry run of
//! everything is a [`Verified`] comparison.
//!
//! Not here: drivers and SQL (crate `database`), and which flows a product needs (`presets/`).

pub mod bind;
mod clock;
mod compare;
pub mod definition;
mod drift;
mod error;
mod keyless;
mod map;
mod report;
mod run;
mod source;
mod spans;
mod state;
mod types;
mod verify;
mod write;

pub use bind::{Bound, bind};
pub use definition::{DefinitionError, Flow, in_order, read};
pub use error::{Error, Result};
pub use map::run_cases;
pub use report::{Action, FlowReport, Planned, Reason, State, overall};
pub use run::{Connect, Options, Progress, Purpose, Runner};
pub use state::is_own_table;
pub use types::from_words;
pub use verify::Verified;
