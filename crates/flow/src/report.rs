//! What a run did, for people and for scripts.

use serde::Serialize;

use crate::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Done,
    /// Rows were parked or held.
    Partial,
    Failed,
}

/// What one flow did. **Units**: rows; `seconds` of wall time.
#[derive(Debug, Serialize)]
pub struct FlowReport {
    pub name: String,
    pub state: State,
    /// Rows looked at, known-equal stretches included.
    pub read: u64,
    pub inserted: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub parked: u64,
    pub held: u64,
    pub seconds: f64,
    /// Set by whoever renders it, in the user's language.
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Planned>,
    /// The first parked rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// Columns that were added to the target because the source has them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added_columns: Vec<String>,
    pub created: bool,
    /// Parked rows that the target's own rules refused: another flow may make room for them.
    #[serde(skip)]
    pub(crate) refused: u64,
    /// A dry run found nothing to write, nor to remember.
    #[serde(skip)]
    pub(crate) idle: bool,
    #[serde(skip)]
    pub failure: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Insert,
    Update,
    Delete,
}

/// One step of a dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    pub action: Action,
    pub key: String,
    pub columns: Vec<String>,
}

/// Why a row is parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub key: String,
    pub column: String,
    /// Technical sentence; programs translate `misfit`.
    pub reason: String,
    #[serde(skip)]
    pub misfit: model::Misfit,
}

impl FlowReport {
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: State::Done,
            read: 0,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            deleted: 0,
            parked: 0,
            held: 0,
            seconds: 0.0,
            error: None,
            plan: Vec::new(),
            reasons: Vec::new(),
            added_columns: Vec::new(),
            created: false,
            refused: 0,
            idle: false,
            failure: None,
        }
    }

    #[must_use]
    pub fn failed(name: &str, error: Error) -> Self {
        Self { state: State::Failed, failure: Some(error), ..Self::new(name) }
    }

    /// Takes in what the same flow did when it was run once more.
    pub(crate) fn add(&mut self, again: Self) {
        let before = std::mem::replace(self, again);
        self.unchanged = self.unchanged.saturating_sub(before.inserted + before.updated);
        self.inserted += before.inserted;
        self.updated += before.updated;
        self.deleted += before.deleted;
        self.seconds += before.seconds;
        self.created |= before.created;
        self.added_columns = before.added_columns;
    }

    /// Whether the target's rows or columns were changed.
    #[must_use]
    pub const fn wrote(&self) -> bool {
        self.inserted + self.updated + self.deleted > 0 || self.created || !self.added_columns.is_empty()
    }
}

/// The state of a whole run.
#[must_use]
pub fn overall(flows: &[FlowReport]) -> State {
    if flows.iter().any(|flow| flow.state == State::Failed) {
        State::Failed
    } else if flows.iter().any(|flow| flow.state == State::Partial) {
        State::Partial
    } else {
        State::Done
    }
}
