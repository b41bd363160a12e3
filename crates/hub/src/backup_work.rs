//! What is done with backups because somebody asked on a page: one thing at a time, in the background.

use std::sync::{Arc, Mutex, PoisonError};

use store::{
    Viewer,
    backups::{BACKUP_FAILED, Backup, Backups, DRILL_FAILED, Error, Reason, alarm_of},
};

use crate::{answer::chain, app::App};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Create,
    /// Puts the newest one back into a scratch place.
    Drill,
    /// Reads all of them to their end.
    Check,
}

impl Work {
    /// Stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Drill => "drill",
            Self::Check => "check",
        }
    }

    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Create, Self::Drill, Self::Check].into_iter().find(|work| work.word() == word)
    }

    /// In the activity.
    const fn action(self) -> &'static str {
        match self {
            Self::Create => "backup_create",
            Self::Drill => "backup_drill",
            Self::Check => "backup_check",
        }
    }
}

/// Something that is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub work: Work,
    pub who: String,
    /// **Units**: milliseconds since 1970.
    pub since_ms: i64,
}

/// How the last thing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub running: Running,
    pub at_ms: i64,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// What was made or tried out.
    Done(String),
    /// So many of so many are not whole.
    Checked { damaged: usize, all: usize },
    /// The alert that tells why, and what it is about.
    Failed { alert: &'static str, what: String },
    /// The hub had a defect.
    Broken,
}

/// The work of all who ask.
#[derive(Debug, Default)]
pub(crate) struct BackupWork(Mutex<Desk>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    pub running: Option<Running>,
    pub ended: Option<Ended>,
    /// What the last check found, and when.
    pub checked: Option<(i64, Vec<Backup>)>,
}

impl BackupWork {
    pub fn desk(&self) -> Desk {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// # Errors
    /// What is being done already.
    fn begin(&self, running: Running) -> Result<(), Running> {
        let mut desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &desk.running {
            Some(other) => Err(other.clone()),
            None => {
                desk.running = Some(running);
                Ok(())
            }
        }
    }

    fn end(&self, ended: Ended, checked: Option<Vec<Backup>>) {
        let mut desk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = checked {
            desk.checked = Some((ended.at_ms, found));
        }
        (desk.running, desk.ended) = (None, Some(ended));
    }
}

/// Why something is not begun.
#[derive(Debug)]
pub(crate) enum Refused {
    Denied(store::Denied),
    /// There are no backups of this store here.
    Nowhere,
    Busy(Running),
    /// A command, or the clock.
    BusyElsewhere,
}

/// Begins something; it goes on when whoever asked is gone.
pub(crate) fn begin(app: &Arc<App>, (viewer, who): (&Viewer, &str), work: Work) -> Result<(), Refused> {
    let kept = app.settings.backups.as_ref().ok_or(Refused::Nowhere)?;
    let backups = kept.backups.of(viewer).map_err(Refused::Denied)?.clone();
    let running = Running { work, who: who.to_owned(), since_ms: app.now_ms() };
    app.backup_work.begin(running.clone()).map_err(Refused::Busy)?;
    // Reading disturbs nobody.
    if work != Work::Check && backups.is_at_work() {
        let mut desk = app.backup_work.0.lock().unwrap_or_else(PoisonError::into_inner);
        desk.running = None;
        return Err(Refused::BusyElsewhere);
    }
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let task = tokio::spawn(carry_out(Arc::clone(&app), backups, work));
        let (outcome, checked) = task.await.unwrap_or((Outcome::Broken, None));
        note(&app, &running, &outcome).await;
        app.backup_work.end(Ended { at_ms: app.now_ms(), running, outcome }, checked);
    });
    Ok(())
}

async fn carry_out(app: Arc<App>, backups: Backups, work: Work) -> (Outcome, Option<Vec<Backup>>) {
    let done = match work {
        Work::Create => match backups.create(Reason::Asked).await {
            Ok(made) => {
                warned(app.store.warn_of_made(&made).await);
                Ok(Outcome::Done(made.manifest.id))
            }
            Err(error) => Err((error, BACKUP_FAILED)),
        },
        Work::Drill => match backups.drill().await {
            Ok(drilled) => Ok(Outcome::Done(drilled.id)),
            Err(error) => Err((error, DRILL_FAILED)),
        },
        Work::Check => match backups.list().await {
            Ok(all) => {
                let damaged = all.iter().filter(|backup| !backup.is_whole()).count();
                return (Outcome::Checked { damaged, all: all.len() }, Some(all));
            }
            Err(error) => Err((error, BACKUP_FAILED)),
        },
    };
    match done {
        Ok(outcome) => (outcome, None),
        Err((error, work)) => (failed(&app, &error, work).await, None),
    }
}

async fn failed(app: &App, error: &Error, work: &'static str) -> Outcome {
    tracing::error!(cause = chain(error), work, "backups need attention");
    let (alert, what) = alarm_of(error, work);
    warned(app.store.warn(alert, &what).await);
    Outcome::Failed { alert, what }
}

/// That an alert cannot be stored must not hide what it is about.
fn warned(stored: store::Result<()>) {
    if let Err(error) = stored {
        tracing::error!(cause = chain(&error), "an alert could not be stored");
    }
}

async fn note(app: &App, running: &Running, outcome: &Outcome) {
    let what = match outcome {
        Outcome::Done(id) => id.clone(),
        Outcome::Checked { damaged, all } => format!("{damaged}/{all}"),
        Outcome::Failed { alert, what } => [*alert, what].join(" "),
        Outcome::Broken => "failed".to_owned(),
    };
    if let Err(error) = app.store.note(&running.who, running.work.action(), what.trim()).await {
        tracing::error!(cause = chain(&error), "what was done is not in the activity");
    }
}
