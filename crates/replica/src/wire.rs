//! What an office's agent and the hub say to each other: `/v1`.
//!
//! The same messages travel as CBOR, compressed with zstd, between denk and denk ([`pack`]), and as JSON for anybody else.
//! Tables and columns go by name, rows by gid, references hold gids. Unknown fields are ignored, so that either side may
//! be newer; a field is never given another meaning.
//!
//! The one thing to know: a batch has a number, and the hub answers a number with the same answer however often it is
//! asked. What the hub has is asked for by rev, so nothing is lost between two calls.

mod cell;
mod pack;

use std::collections::BTreeMap;

use model::{Gid, Uuid, Value};
use serde::{Deserialize, Serialize};

pub use cell::Cell;
pub use pack::{CONTENT_TYPE, ENCODING, Unpackable, pack, unpack};

/// The version of this protocol, as it stands in the paths.
pub const VERSION: &str = "v1";

/// Most changes of one batch, and most rows of one page.
pub const CHANGES_MAX: usize = 2_000;
pub const ROWS_MAX: usize = 1_000;
/// Most conflicts that are told at once.
pub const CONFLICTS_MAX: usize = 100;
/// Most bytes of one message, unpacked.
pub const BYTES_MAX: usize = 32 << 20;
/// Most bytes of one cell, as in whole files.
pub const CELL_BYTES_MAX: usize = 4 << 20;
/// When what a batch or page holds has so many bytes, the rest is for the next one.
pub const PART_BYTES: usize = 4 << 20;

/// Cells by column; a column that is not there is unknown.
pub type Cells = BTreeMap<String, Cell>;

/// An agent introduces itself: at each start, and when the hub may have become another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Of the agent.
    pub version: String,
    /// The PC's clock. **Units**: milliseconds since 1970, UTC, like all others.
    pub clock_ms: i64,
    /// What waits at the office.
    #[serde(default)]
    pub waiting: u64,
    /// The site was told everything of its region up to this rev...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
    /// ...of the history that bore this mark there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// What the office's own settings say, of those that the hub is told; none: the file has no such table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<BTreeMap<String, String>>,
}

/// Who the agent is to the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    pub version: String,
    /// The store's own name: another one is another hub.
    pub hub: String,
    pub site: u32,
    pub name: String,
    /// `*`: headquarters.
    pub region: String,
    pub rev: i64,
    /// Number of the last batch that the hub has of this site.
    pub number: u64,
    /// Up to where the hub knows that this site was told everything.
    pub seen: i64,
    pub clock_ms: i64,
    /// Batches of this site that wait for a person.
    pub held: u64,
    /// Conflicts of its region that nobody has looked at.
    pub conflicts: u64,
}

/// Which rows of the hub the rows of a whole file are: the answer to a file that the hub met.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Met {
    pub hub: String,
    pub site: u32,
    /// Whether the file waits for a person; then there are no tables.
    pub held: bool,
    pub tables: Vec<MetTable>,
    pub conflicts: u64,
    pub refused: u64,
}

/// Of one table. **Shape**: three lists of one length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetTable {
    pub table: String,
    /// What the file calls its rows: whole numbers or texts, ascending.
    pub ids: Vec<Cell>,
    pub gids: Vec<Uuid>,
    /// Up to where the file's row holds what happened to it at the hub; 0: nothing is known.
    pub revs: Vec<i64>,
}

/// One batch of an office's changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Push {
    /// One more than the batch before. The same number again is the same batch again.
    pub number: u64,
    /// The batch that is held and says nothing that this one does not say: this one takes its place. Without it what is
    /// held waits on by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<u64>,
    /// The site was told everything of its region up to this rev.
    pub seen: i64,
    /// What of that is not in its file yet, in a batch that deletes something: what nobody there saw does not go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<Late>,
    /// As the page up to `seen` bore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The file is a restored or copied one: nobody knows how old what it says is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    pub clock_ms: i64,
    /// How many rows each table of the file has: what a batch touches is measured against it.
    pub rows: BTreeMap<String, u64>,
    /// How many updates and deletes of each table are still to come after this batch: who looks at a batch that waits
    /// decides about them too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, u64>,
    /// **Order**: as they can be applied: parents first, deletes last.
    pub changes: Vec<Change>,
}

/// A row that the site was told and that its file does not take yet: it has another of that name, or works on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    pub gid: Uuid,
    /// The first that happened to it and is not in the file.
    pub rev: i64,
}

/// One row inserted, updated or deleted: exactly one of the three.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub table: String,
    pub gid: Uuid,
    /// What the site had seen of this row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub base: i64,
    /// When it was made: milliseconds in the hub's time, 0 where somebody else made it and a restored hub is told it again, and
    /// a counter.
    pub at: (i64, u32),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert: Option<Cells>,
    /// The hub had heard of it before it was restored. With `insert`: what the row said otherwise when both last agreed on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Cells>,
    /// Only the columns that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<Cells>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<Delete>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete {
    /// The row went because this parent was deleted in the same batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Uuid>,
}

/// The answer to a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pushed {
    pub number: u64,
    /// It waits for a person: nothing was taken, and there are no fates. Asked again, the answer may be another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// One a change, in their order.
    pub fates: Vec<Fate>,
    /// Rows as the hub has them that no later pull would bring: what was refused is set back to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Row>,
    /// When the site had everything up to here...
    pub from: i64,
    /// ...it now has everything up to here, as nothing but this batch happened in between and all of it was taken as it
    /// is. 0: it has to pull.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub to: i64,
    /// Tells the history up to `to` from any other, as a page's does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    #[serde(default)]
    pub conflicts: u64,
    pub clock_ms: i64,
}

/// What became of one change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    pub end: End,
    /// Of what was taken: the row's rev, which is its base from now on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rev: i64,
    /// The row goes by this identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<Uuid>,
    /// Why it was refused: `region`, `unknown`, `orphan`, `gone`, `rejected`; or `fallen`: merged, and kept with a deleted row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A row out of a file of unknown age needs a deleted one: it is kept with that, and comes back with it.
pub const FALLEN: &str = "fallen";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The hub's row says what the site's row says.
    #[default]
    Taken,
    /// The hub's row says something else now; a pull brings it.
    Merged,
    /// A deletion that did not go through; a pull brings the row.
    Kept,
    Refused,
}

/// Everything of the site's region that happened after a rev.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub after: i64,
    /// Ask after this one next.
    pub next: i64,
    /// Tells the history up to `next` from any other; sent along with the next question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// Whether more is there already.
    pub more: bool,
    /// **Order**: parents first; what is gone last, children first.
    pub rows: Vec<Row>,
    pub clock_ms: i64,
}

/// A row of the hub as the site may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub table: String,
    pub gid: Uuid,
    pub rev: i64,
    /// `None`: it is not there (any more), or not for this site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<Cells>,
    /// It turned out to be this row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Uuid>,
}

/// Something happened in the site's region: the data of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    pub rev: i64,
}

/// Two values for one cell, of which one stood when they met, for people to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    pub id: i64,
    pub table: String,
    /// What people know the row by.
    pub row: String,
    /// `None`: a deletion that did not go through.
    pub column: Option<String>,
    pub winner: Side,
    pub loser: Side,
    /// What is there now; `None`: something later, or the row is gone.
    pub stands: Option<Stands>,
    pub state: Looked,
    pub at_ms: i64,
}

/// Of a deletion that did not go through neither side has a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    pub value: Option<serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    Winner,
    Loser,
}

/// How far a person has got with a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looked {
    New,
    Seen,
    Decided,
}

/// An answer that is none: with a status of 4xx or 5xx.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub code: Code,
    /// For people.
    pub error: String,
    /// With `older` and `behind`: number of the last batch that the hub has of this site...
    #[serde(default)]
    pub number: u64,
    /// ...and up to where the hub knows that the site has everything.
    #[serde(default)]
    pub seen: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The number was another batch, or an older one: the file is a restored or copied one.
    Older,
    /// The hub has never heard of what the site says it has from it: the hub is a restored one.
    Behind,
    /// A batch that waited was decided meanwhile: ask for its answer first.
    Decided,
    /// The token is unknown or revoked.
    Token,
    /// The message is not one.
    Message,
    TooLarge,
    /// Later: the hub is busy or ends.
    Busy,
    /// The hub's own trouble.
    Hub,
    #[serde(other)]
    Other,
}

impl Change {
    #[must_use]
    pub const fn gid(&self) -> Gid {
        Gid::from_uuid(self.gid)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// What cells hold beyond what all of them take. **Units**: bytes.
#[must_use]
pub fn weight(cells: &Cells) -> usize {
    cells.values().map(|Cell(value)| size(value)).sum()
}

/// What a value takes that may be of any length. **Units**: bytes.
#[must_use]
pub fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

/// How a site stands at the hub: for who only wants to know. Nothing changes by asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Of the hub.
    pub version: String,
    /// As [`Welcome::hub`], like the others of the same names.
    pub hub: String,
    pub site: u32,
    pub name: String,
    pub region: String,
    pub rev: i64,
    pub number: u64,
    pub seen: i64,
    pub held: u64,
    /// Since when the first of these waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since_ms: Option<i64>,
    /// Conflicts of its region that nobody has decided about.
    pub conflicts: u64,
    /// When the site last greeted, sent or fetched a file; `None`: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_contact_ms: Option<i64>,
    /// How far its clock ran before the hub's then; `None`: it never said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead_ms: Option<i64>,
    pub clock_ms: i64,
}
