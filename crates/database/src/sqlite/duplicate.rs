//! A consistent copy of a file that others go on writing.

use std::path::Path;

use model::ErrorKind;
use rusqlite::backup::{Backup, StepResult};

use super::connect::{Absent, Link};
use crate::{Error, Result};

/// What is copied under one lock; a writer waits no longer than that.
const STEP_PAGES: i32 = 256;
/// A file that is written meanwhile is copied from its beginning again; after so many steps it is copied under one lock.
const STEPS_MAX: usize = 4_096;

/// Fills `to`, an empty file or none, with what `from` holds at one moment.
pub(super) fn duplicate(from: &Path, to: &Path) -> Result<()> {
    let from = Link::open(from, Absent::Refuse)?;
    let mut to = Link::open(to, Absent::Create)?;
    let backup = Backup::new(&from.connection, &mut to.connection)?;
    for step in 0..=STEPS_MAX {
        let pages = if step < STEPS_MAX { STEP_PAGES } else { -1 };
        match backup.step(pages)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            // Was waited for already.
            _ => break,
        }
    }
    Err(Error::new(ErrorKind::Busy, "the file is locked by somebody else"))
}
