//! Whether source and target hold the same, through the mapping.

use serde::Serialize;

use crate::report::{Action, FlowReport, State};

/// What a comparison of one flow found. **Units**: rows.
#[derive(Debug, Serialize)]
pub struct Verified {
    pub name: String,
    pub compared: u64,
    /// In the source, not in the target.
    pub missing: u64,
    /// In the target, not in the source (only where the flow deletes such rows).
    pub extra: u64,
    pub different: u64,
    /// Source rows that the target cannot hold.
    pub parked: u64,
    pub examples: Vec<Example>,
    pub error: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Example {
    pub key: String,
    /// Columns that differ; empty for a row that is missing or extra.
    pub columns: Vec<String>,
    /// `insert`: missing; `delete`: extra; `update`: different.
    pub repair: Action,
}

impl From<&FlowReport> for Verified {
    /// Reads the report of a dry run in which everything was compared.
    fn from(report: &FlowReport) -> Self {
        let examples = report.plan.iter().filter(|step| step.action != Action::Create);
        Self {
            name: report.name.clone(),
            compared: report.read,
            missing: report.inserted,
            extra: report.deleted,
            different: report.updated,
            parked: report.parked,
            examples: examples
                .map(|step| Example {
                    key: step.key.clone(),
                    columns: step.columns.clone(),
                    repair: step.action,
                })
                .collect(),
            error: report.error.clone(),
        }
    }
}

impl Verified {
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.missing + self.extra + self.different + self.parked == 0
    }

    /// Whether every flow could be compared and is equal.
    #[must_use]
    pub fn all_equal(reports: &[FlowReport]) -> bool {
        reports.iter().all(|report| report.state != State::Failed && Self::from(report).is_equal())
    }
}
