//! The end of an agent: nothing of it stays in the file.

use crate::{
    CycleError, Exchange, Tools,
    link::Hub,
    office::{self, Lock, Office},
};

/// Why the file was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    #[error(transparent)]
    Cycle(#[from] CycleError),
    /// What the office sent waits for a person at the hub.
    #[error("changes of this office wait for approval at the hub")]
    Held,
}

impl<H: Hub> Exchange<H> {
    /// Exchanges everything, tells the hub for a last time which of its rows the file's rows are, and takes everything of
    /// denk's out of the file. So the hub knows the file when it comes the old way, or with a new agent, and enters
    /// nothing twice.
    ///
    /// # Errors
    /// [`LeaveError`]; then the agent can go on, or be taken out again.
    pub async fn leave(mut self, file: Lock, tools: &Tools) -> Result<(), LeaveError> {
        let open = async || Office::open_locked(file.clone(), &tools.rules).await.map_err(CycleError::from);
        if open().await?.standing().await.map_err(CycleError::from)?.hub.is_some() {
            if self.cycle(&file, tools).await?.held > 0 {
                return Err(LeaveError::Held);
            }
            let copy = open().await?.whole_copy().await.map_err(CycleError::from)?;
            if self.hub().meet(copy.path()).await.map_err(CycleError::from)?.held {
                return Err(LeaveError::Held);
            }
        }
        Ok(abandon(file, tools).await.map_err(CycleError::from)?)
    }
}

/// Takes everything of denk's out of the file without a word to the hub.
///
/// # Errors
/// [`office::Error`]; then the agent can go on, or be taken out again.
pub async fn abandon(file: Lock, tools: &Tools) -> Result<(), office::Error> {
    Office::open_locked(file, &tools.rules).await?.remove().await
}
