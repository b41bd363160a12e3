//! The hub's store: every row of the business with its history, and the engine that merges office files into it.
//!
//! Owns the tables of the hub (those of the business and `denk_*`), the sites and their tokens, the way of an upload
//! into the store and of a hand-out back. Does not know HTTP, and speaks to its database (SQLite or PostgreSQL) only
//! through [`database::Session`]. The one thing to know: one writer works off what waits, group by group, and each
//! group is one transaction under one lock; so an answer is given only when its work is durable, and the hub's
//! sequence numbers appear in the order in which they were given, whatever number of processes share a store.

mod accounts;
mod activity;
mod administration;
pub mod backups;
mod clock;
mod conflicts;
mod decisions;
mod deed;
mod desk;
mod engine;
mod error;
mod facade;
#[cfg(feature = "failpoints")]
mod failpoints;
mod hand_outs;
mod in_use;
mod lists;
mod meta;
mod news;
mod offices;
mod pulse;
mod query;
mod settings;
mod shape;
mod sites;
mod standing;
mod tell;
mod token;
mod told;
mod trends;
mod typed;
mod uploads;
mod what;
mod writer;

pub use database::{Address, untrusted::Refused as Unreadable};
pub use replica::office_file::Refused as RefusedFile;

pub use accounts::{Account, AccountChange, Accounts, Barred, By, Lifetime, OpenSession, Role, User};
pub use activity::{ActivityAsked, ActivityPage, Checked, Sealed, account_given};
pub use administration::{AgentSaid, Station, Whereabouts};
pub use decisions::{ConflictsAsked, ConflictsListed, Denied, EndedBatch, Settled, Waiting};
pub use desk::make_private;
pub use engine::forgotten_name;
pub use error::{Declined, Error, Refusal, Rejected, Result};
pub use facade::{FindingsAsked, FindingsListed, Store, ToldOf, Way};
pub use lists::{
    Accepted, Asked, Batch, BatchLine, BatchPage, BatchesAsked, BatchesListed, Beside, Cell, Changed, Choice,
    ConflictLine, Detail, Finding, Hanging, HistoryLine, KeptLine, Kind, Label, Line, ListPage, Listed,
    Named, PageColumn, Pages, PagesError, PastLine, RowPage, Severity, ShiftColumns, Shows, Subject,
    UndoneLine, UndonePage, Viewer, When,
};
pub use news::{Heads, Key, Listener};
pub use offices::OfficeSettings;
pub use pulse::Pulse;
pub use settings::{Preset, Random, Settings, WallClock};
pub use sites::{Device, Enrolment, IMPORT, Site, Source};
pub use told::{
    Alert, AuditEntry, ConflictState, Decision, Handout, Health, HeldBatch, HeldTable, KeptBack, KeptColumn,
    KeptConflict, KeptSide, Open, Reason, Receipt, RecentChange, RegionCount, Since, Status, TableReceipt,
    Take, Undoing, Undone, UndoneRow, Unmade, WhyKept,
};
pub use trends::{Edges, Trend};
pub use typed::{Figures, Unfit};
pub use what::What;
