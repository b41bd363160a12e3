//! What all of denk speaks about: values, typed column batches, tables, keys, changes and kinds of failure.
//!
//! Pure: no input or output, no clock, no randomness. A connector turns a database's own representation into these
//! types and back; everything above the connectors knows only these.
//!
//! The one thing to know: a value is either held **exactly** or refused with a [`Misfit`]. Nothing in here rounds,
//! cuts or guesses.

mod batch;
mod change;
mod column;
mod convert;
mod data_type;
mod decimal;
mod error;
mod identity;
mod stamp;
mod table;
mod time;
mod value;

pub use batch::{Batch, Page, Rejected};
pub use change::{Change, Operation};
pub use column::{Cell, Column, Strings};
pub use convert::{Coercion, Misfit, coerce};
pub use data_type::{DataType, Fraction, TextTraits, TextUnit};
pub use decimal::Decimal;
pub use error::{ErrorKind, Policy, policy};
pub use identity::{Gid, Rev, SiteId};
pub use stamp::{Clock, NoStamp, Observed, Stamp};
pub use table::{ColumnDef, ForeignKey, Generated, Table, TableKind, TableRef, Trigger};
pub use time::{Date, Instant, Time, Timestamp, Zone};
pub use uuid::Uuid;
pub use value::{Key, Value};
