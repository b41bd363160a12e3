//! What the store tells.

use std::{collections::BTreeMap, fs::File, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::What;

/// What became of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Every merged table that the file has, by name.
    pub tables: BTreeMap<String, TableReceipt>,
    pub conflicts: usize,
    /// Tables for whose sake the whole batch waits for a person; then nothing of it was applied.
    pub held: usize,
    /// Regions that were filled in.
    pub repaired: usize,
    /// Rows that were refused, set aside or are doubtful, and what else a person should know.
    ///
    /// **Shape**: at most [`Receipt::REASONS_MAX`]; the counts count all.
    pub reasons: Vec<Reason>,
    /// What the upload is found by in the audit.
    pub upload: String,
}

/// Rows of one table of an upload, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TableReceipt {
    pub read: usize,
    pub inserted: usize,
    pub updated: usize,
    pub deleted: usize,
    pub unchanged: usize,
    /// Of `inserted` and `updated`: with a region filled in.
    pub repaired: usize,
    /// Of another region, or referring to a row that is not there: not taken.
    pub refused: usize,
}

/// One thing that a person should know about a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub table: String,
    /// The row's id in the file.
    pub key: String,
    /// Stable word: `region`, `orphan`, `orphan_column`, `unknown_row`, `doubt`, `odd_type`, `namesake`,
    /// `unknown_table`, `unknown_column`, `no_tag`, `held`, `copy`, `older_file`, `doubled_file`, `not_deleted`,
    /// `fallen`.
    pub reason: String,
    /// For people.
    pub what: What,
}

impl Reason {
    /// `key` and `table` are empty where it is about the whole table or file.
    pub(crate) fn new(table: String, key: String, what: What) -> Self {
        Self { table, key, reason: what.word().to_owned(), what }
    }
}

/// The file for one device.
#[derive(Debug)]
pub struct Handout {
    /// Open: what is handed out can be read to its end, however many others are handed out meanwhile.
    pub file: File,
    /// Stays at least until the device's next hand-out but one.
    pub path: PathBuf,
    /// Strong: equal bytes have equal tags. Without quotes.
    pub etag: String,
}

/// Answer of a database that was really asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    pub product: String,
    pub version: String,
    /// Number of the newest change.
    pub rev: i64,
}

/// Counts over all regions, and the sites.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    pub rev: i64,
    /// Living rows by table.
    pub tables: BTreeMap<String, u64>,
    /// By region; rows that say none stand under the empty name.
    pub regions: BTreeMap<String, RegionCount>,
    /// Values that did not stand and that nobody has looked at.
    pub conflicts_open: u64,
    pub held: u64,
    pub alerts: u64,
}

/// What people of a region should look at, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// As [`Status::conflicts_open`].
    pub conflicts: u64,
    /// Of the region's sites.
    pub alerts: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RegionCount {
    /// Living rows by table, of tables that have regions.
    pub tables: BTreeMap<String, u64>,
    /// When a PC of this region last changed one of its rows; what headquarters does is none of that. **Units**:
    /// milliseconds since 1970.
    pub last_entry_ms: Option<i64>,
}

/// One line of the history, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecentChange {
    pub rev: i64,
    pub table: String,
    pub gid: String,
    pub site: SiteNumber,
    pub at_ms: i64,
    /// `insert`, `update`, `delete`, `revive`; `refused`: it was not taken, and `after` is what the file said.
    pub action: String,
    /// Whose the row was then; `None` when it is everybody's or nobody's.
    pub region: Option<String>,
    /// Columns by name.
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    /// Which changes came with it; `None` in lines from before this was kept.
    pub batch: Option<i64>,
}

/// A site's number; see [`model::SiteId`].
pub type SiteNumber = u32;

/// A value that did not stand, and the one that did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptConflict {
    pub id: i64,
    pub table: String,
    pub gid: String,
    /// What people know the row by: its natural key or its telling columns, references as what they refer to.
    pub row: String,
    /// `None`: a deletion that did not go through.
    pub column: Option<String>,
    /// As [`RecentChange::region`].
    pub region: Option<String>,
    pub winner: KeptSide,
    pub loser: KeptSide,
    /// Which of the two is there now; `None`: something later, or the row is gone.
    pub stands: Option<Take>,
    /// The preset asks a person about this column (policy `ask`).
    pub asked: bool,
    pub state: ConflictState,
    /// Who looked at it or decided it, and when.
    pub who: Option<String>,
    pub looked_ms: Option<i64>,
    /// Which side the person took; `None`: a value of their own, or it was decided before this was kept.
    pub chosen: Option<Take>,
    /// The value of their own, as the column has it.
    pub other: Option<serde_json::Value>,
    pub at_ms: i64,
}

/// How far a person has got with a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictState {
    /// Nobody has looked at it.
    New,
    Seen,
    Decided,
}

/// Which side of a conflict a person takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// It stays as it is.
    Winner,
    /// What did not stand is put back, as a change by headquarters.
    Loser,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptSide {
    pub value: Option<serde_json::Value>,
    pub site: SiteNumber,
    /// As the site is called today.
    pub site_name: String,
    pub wall_ms: i64,
}

/// A batch that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldBatch {
    pub id: i64,
    pub site: SiteNumber,
    pub tables: Vec<HeldTable>,
    pub at_ms: i64,
}

/// What a batch that waits does to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTable {
    pub table: String,
    pub deletes: u64,
    pub updates: u64,
    /// New rows that come with it, or came in the minutes before. They go in whatever is decided.
    #[serde(default)]
    pub inserts: u64,
    /// The batch does not wait for this table's sake: what is told goes through whatever is decided.
    #[serde(default)]
    pub passes: bool,
    /// Deletions of such a table that are decided along with those of the others, as what hangs on its rows goes with them.
    #[serde(default)]
    pub follow: u64,
    /// Rows that are not of the site's region; then `rows` are those of the file.
    #[serde(default)]
    pub refused: u64,
    /// Changes of the table that the site has still to send, and that are decided along with these.
    #[serde(default)]
    pub more: u64,
    /// Rows of the table that the site had before; 0 where `passes`.
    pub rows: u64,
}

impl HeldTable {
    /// Whether about as many rows come as go: a program may have given its rows new numbers, which are the same rows to people.
    #[must_use]
    pub const fn may_be_renumbered(&self) -> bool {
        let (gone, came) = (self.deletes.saturating_add(self.more), self.inserts);
        let (least, most) = (gone.saturating_mul(9), gone.saturating_mul(12));
        gone > 1 && came.saturating_mul(10) >= least && came.saturating_mul(10) <= most
    }
}

/// From where on a site asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    pub rev: i64,
    /// What the page before bore, if it bore anything.
    pub mark: Option<String>,
}

impl From<i64> for Since {
    fn from(rev: i64) -> Self {
        Self { rev, mark: None }
    }
}

/// What a person decides about a held batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Merge it now. Rows of another region are refused all the same.
    LetThrough,
    /// Take what it adds, and nothing of what it was held for: the next hand-out sets those rows back. Of a batch that was
    /// held for rows of another region nothing is taken.
    SendBack,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    pub id: i64,
    pub site: SiteNumber,
    /// As [`Reason::reason`].
    pub kind: String,
    /// The table, and the ids in the file of the first rows: in no language. Empty: the file as a whole.
    pub what: String,
    /// How many rows it is about; 0: the file as a whole.
    pub rows: u64,
    pub at_ms: i64,
}

/// One line of the activity: what somebody did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// **Invariants**: what came later has a higher one.
    pub id: i64,
    pub at_ms: i64,
    /// A site's or a person's name.
    pub who: String,
    /// `upload`, `hand_out`, `site_add`, ...
    pub action: String,
    pub what: String,
    /// Which one it concerns; `None`: none, or several.
    pub region: Option<String>,
}

impl Alert {
    /// A batch came that goes on from an older one than the last: two PCs use one token, or a file was restored. Told once a day.
    pub const OLDER_BATCH: &str = "older_batch";
}

impl Receipt {
    pub const REASONS_MAX: usize = 200;
}

/// What is to be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undoing {
    /// What one change did to one row; of a deletion, with what was deleted along with it.
    Change { rev: i64, gid: String },
    /// All that came together.
    Batch(i64),
}

impl Undoing {
    pub(crate) const fn number(&self) -> i64 {
        match self {
            Self::Change { rev: number, .. } | Self::Batch(number) => *number,
        }
    }
}

/// As it is noted: `12/01890a5d-...` or `12`.
impl std::fmt::Display for Undoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change { rev, gid } => write!(f, "{rev}/{gid}"),
            Self::Batch(id) => write!(f, "{id}"),
        }
    }
}

/// What undoing does, or did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Undone {
    pub state: Unmade,
    /// Says what is about to be done: who agrees to it shows this.
    pub agreed: String,
    /// Who made what is undone, and when.
    pub site: SiteNumber,
    pub at_ms: i64,
    /// **Order**: by gid.
    pub rows: Vec<UndoneRow>,
    /// What stays as it is, or a part of it, and why.
    pub kept: Vec<KeptBack>,
    /// Rows that are as they were already.
    pub already: usize,
}

impl Undone {
    /// Whether more would be undone if the person said that what came later may go.
    #[must_use]
    pub fn may_go_over(&self) -> bool {
        self.kept.iter().any(|kept| kept.why.may_go_over())
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmade {
    /// Nothing was written: it was only looked at.
    #[default]
    Looked,
    Done,
    /// There is nothing that could be undone, or nothing any more.
    Nothing,
    /// Something came in since the person looked: nothing was written.
    Changed,
}

/// A row that undoing changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UndoneRow {
    pub table: String,
    pub gid: String,
    /// `update`, `delete`, `revive`.
    pub action: String,
    /// Columns by name.
    pub before: Option<serde_json::Value>,
    pub after: Option<serde_json::Value>,
    /// It is not itself undone: it goes or comes back along with a row that is.
    pub along: bool,
}

/// A row that is not undone, or not all of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptBack {
    pub table: String,
    pub gid: String,
    pub why: WhyKept,
    /// What changed again since.
    pub columns: Vec<KeptColumn>,
    /// Other rows that it is about: table and gid.
    pub rows: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyKept {
    /// It changed again since.
    Later,
    /// Rows hang on it that would go, or lose it.
    Hangs,
    /// It refers to rows that were deleted and would come back.
    Needs,
    /// Another row bears its name by now.
    Named,
    /// It was deleted since.
    Dead,
    /// It turned out to be the same as another row.
    Became,
    /// It is another region's, or was.
    Region,
    /// The rules of merging do not let it.
    Refused,
}

impl WhyKept {
    /// Whether the person may say that it is undone all the same.
    #[must_use]
    pub const fn may_go_over(self) -> bool {
        matches!(self, Self::Later | Self::Hangs | Self::Needs)
    }
}

/// A column that changed again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptColumn {
    pub column: String,
    /// Before what is undone.
    pub before: serde_json::Value,
    /// After it.
    pub after: serde_json::Value,
    pub now: serde_json::Value,
}
