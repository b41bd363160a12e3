//! Accounts of flows that had nothing to write, and so no transaction of their own to write them in.

use std::collections::BTreeMap;

use database::Begin;
use model::Zone;

use super::{Options, Purpose, pool::Pool};
use crate::{
    definition::Flow,
    error::{Error, Result},
    report::{FlowReport, State},
    state::Store,
};

/// Accounts by database, written together at the end of a run.
#[derive(Debug, Default)]
pub(super) struct Accounts(BTreeMap<String, Vec<Account>>);

#[derive(Debug)]
struct Account {
    report: FlowReport,
    table: String,
    direction: String,
    message: String,
}

impl Accounts {
    /// Flows that wrote have accounted for themselves in their own transaction.
    pub(super) fn keep(&mut self, flow: &Flow, report: &FlowReport, options: Options) {
        if flow.stateless || options.dry_run || (report.wrote() && report.state != State::Failed) {
            return;
        }
        let account = Account {
            report: FlowReport {
                state: report.state,
                seconds: report.seconds,
                ..FlowReport::new(&report.name)
            },
            table: flow.target.table.clone(),
            direction: flow.direction.clone(),
            message: report.failure.as_ref().map_or_else(|| shortfall(report), chain),
        };
        self.0.entry(flow.target.database.clone()).or_default().push(account);
    }

    pub(super) async fn write(self, pool: &Pool<'_>, zone: &Zone) {
        for (database, accounts) in self.0 {
            if let Err(error) = write(pool, zone, &database, &accounts).await {
                tracing::warn!(database, error = chain(&error), "accounts of the run were not written");
            }
        }
    }
}

async fn write(pool: &Pool<'_>, zone: &Zone, database: &str, accounts: &[Account]) -> Result<()> {
    let mut session = pool.take(database, Purpose::Write).await?;
    let fail = Error::database(database);
    session.rollback().await.map_err(&fail)?;
    let now = session.clock().await.map_err(&fail)?;
    session.begin(Begin::Own).await.map_err(&fail)?;
    let store = Store { database, zone, now };
    for direction in ["erp_to_web", "web_to_erp"] {
        let of: Vec<_> = accounts
            .iter()
            .filter(|account| account.direction == direction)
            .map(|account| (&account.report, account.table.as_str(), account.message.clone()))
            .collect();
        store.account_or_warn(session.as_mut(), direction, &of).await?;
    }
    session.commit().await.map_err(&fail)
}

/// One sentence of an error and its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Why a run is not wholly done.
pub(super) fn shortfall(report: &FlowReport) -> String {
    let first = report.reasons.first().map(|row| format!(" ({} {}: {})", row.key, row.column, row.reason));
    match report.parked + report.held {
        0 => String::new(),
        _ => format!("parked {}, held {}{}", report.parked, report.held, first.unwrap_or_default()),
    }
}
