//! What waits for headquarters, and what is decided about it.

use std::path::Path;

use store::Decision;

use super::{Upload, World};
use crate::{
    Broken, check,
    ledger::Page,
    pc::{Batch, Pc},
};

impl World {
    /// A file waits. By what name the hub asks for it: the one that nobody here waits under. (A hub that stopped told none.)
    pub(super) fn waits(&mut self, at: usize, file: &Path, page: &Page) -> anyhow::Result<()> {
        let mut waiting = self.hub.waiting()?;
        for pc in &mut self.pcs {
            // Another file of the PC has taken its place, or has it all.
            pc.held.retain(|batch| waiting.remove(&batch.upload));
        }
        let new =
            waiting.into_iter().map(|upload| Batch { upload, file: file.to_owned(), page: page.clone() });
        self.pcs[at].held.extend(new);
        // It must not go with the old uploads.
        self.pcs[at].sent.retain(|(sent, _)| sent != file);
        Ok(())
    }

    /// Decides about everything that waits.
    pub async fn decide(&mut self, mut choose: impl FnMut() -> Decision) -> anyhow::Result<()> {
        for held in self.hub.held().await? {
            let decision = choose();
            let receipt = self.hub.decide(held.id, decision).await?;
            let Some((at, batch)) = self.take_batch(&receipt.upload) else {
                let what = format!("nobody here sent what waits as {}", receipt.upload);
                anyhow::bail!(Broken::new("the simulator works", what));
            };
            self.tell(at, &format!("what waits is decided: {decision:?}"));
            if decision == Decision::LetThrough {
                let upload = Upload { at, file: &batch.file, page: &batch.page, decided: true };
                self.took(upload, &receipt).await?;
            } else {
                check::after_sending_back(self, &batch.page)?;
            }
        }
        Ok(())
    }

    fn take_batch(&mut self, upload: &str) -> Option<(usize, Batch)> {
        let of = |pc: &Pc| pc.held.iter().position(|batch| batch.upload == upload);
        let (at, which) = self.pcs.iter().enumerate().find_map(|(at, pc)| Some((at, of(pc)?)))?;
        Some((at, self.pcs[at].held.remove(which)))
    }

    /// Nothing waits any longer.
    pub async fn settle(&mut self) -> anyhow::Result<()> {
        let decision = if self.lenient { Decision::LetThrough } else { Decision::SendBack };
        self.decide(|| decision).await
    }
}
