//! Lists of rows for people: a page of a table, one row with what hangs on it, and its history.
//!
//! Owns who sees which row and which value of it: whatever is asked is answered through a [`Scope`], which cannot be made
//! without a [`Viewer`]. Does not know HTTP, nor how a date is written. The one thing to know: the living rows are kept in
//! memory, column by column, each value once, as of a rev; a question first takes in what changed since. So letters fold
//! and sort in Turkish on either database, and a question costs the same on both.

mod batch;
mod column;
mod find;
mod history;
mod index;
mod kept;
mod letters;
mod pages;
mod past;
mod quality;
mod row;
mod scope;
mod shelf;
mod tally;
mod undone;
mod viewer;

pub use batch::{Batch, BatchLine, BatchPage, BatchesAsked, BatchesListed};
pub(crate) use batch::{deleted, found as batch_of, listed as batches};
pub(crate) use column::text;
pub use find::{Asked, Listed};
pub(crate) use history::Told;
pub use history::{Changed, HistoryLine};
pub(crate) use index::Index;
pub use kept::ConflictLine;
pub(crate) use pages::read;
pub use pages::{Choice, Label, ListPage, PageColumn, Pages, PagesError, ShiftColumns, Shows};
pub use past::PastLine;
pub(crate) use past::{Past, read as read_past};
pub use quality::{Accepted, Detail, Finding, Kind, Severity, Subject, When};
pub(crate) use quality::{Findings, Found, key};
pub use row::{Hanging, RowPage};
pub(crate) use row::{gone_of, row_of};
pub(crate) use scope::Scope;
pub use scope::{Cell, Line, Named};
pub use undone::{Beside, KeptLine, UndoneLine, UndonePage};
pub use viewer::Viewer;
