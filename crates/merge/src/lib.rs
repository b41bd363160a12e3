//! How changes of many offices become one set of data: difference, first contact, merge, regions, guard.
//!
//! Pure: no input or output, no clock, no randomness; stamps and new gids come from a [`Mint`]. What is true of a business's
//! tables is data ([`Rules`], read from a preset).
//!
//! A site's file becomes a [`ChangeSet`] ([`FileDiff`]); [`held`] says whether it must wait; the hub loads what
//! [`Scope::wants`] names, and [`merge()`] takes change by change. Not here: files, databases, who a site is.
//!
//! The one thing to know: an unknown cell is neither NULL nor a change, and a row that is not there is not deleted.

mod contact;
mod diff;
pub mod evidence;
mod guard;
mod merge;
pub mod region;
mod row;
mod rules;
mod same;
mod scope;
mod stored;
mod wants;

pub use contact::{Acquaintance, Kinship};
pub use diff::{ChangeSet, Deletes, DiffError, Doubt, FileDiff, Orphan, OrphanRow, Tally};
pub use guard::{Held, held};
pub use merge::{Author, Conflict, Namesake, Outcome, Refusal, Side, Verdict, Written, merge};
pub use region::{Owner, Region};
pub use row::{Action, Age, Cells, Change, Edit, LocalId, LocalRow, Mint, ShadowRow, is_blank, natural_key};
pub use rules::{
    ColumnId, ColumnRule, ColumnType, ConflictPolicy, Guard, Holds, InsertOrder, Kept, OnDelete, Reference,
    RegionRule, Rules, RulesError, TableId, TableRules, insert_order, read,
};
pub use same::{Identity, Sameness, sameness};
pub use scope::{Scope, Want};
pub use stored::{Cause, Dead, Heard, Mark, Stored};
