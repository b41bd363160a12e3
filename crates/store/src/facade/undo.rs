//! The store as people use it who take changes back.

use merge::Region;

use super::Store;
use crate::{
    Denied, Error, Result, Undoing, Undone, UndonePage, Viewer,
    engine::{self, Undo},
    sites,
};

impl Store {
    /// What undoing would do; nothing is changed. `over`: also where something came later.
    ///
    /// # Errors
    /// `NoChange`, `TooMuch`; what the database says.
    pub async fn look_undo(&self, what: &Undoing, over: bool) -> Result<Undone> {
        self.ask(Undo::new(what.clone(), over, Region::All)).await
    }

    /// Undoes what a look at it has told: as changes by headquarters with stamps of their own, all of them or none.
    ///
    /// **Invariants**: twice is once; done only while it would do what `agreed` says ([`Undone::agreed`]).
    ///
    /// # Errors
    /// As [`Store::look_undo`].
    pub async fn undo(
        &self,
        what: &Undoing,
        over: bool,
        agreed: &str,
        (who, why): (&str, &str),
    ) -> Result<Undone> {
        let undo = Undo::new(what.clone(), over, Region::All);
        self.ask(agree(undo, agreed, (who, why))).await
    }

    /// As [`Store::look_undo`], for a viewer.
    ///
    /// # Errors
    /// [`Denied`]
    pub async fn look_undo_as(
        &self,
        viewer: &Viewer,
        what: &Undoing,
        over: bool,
    ) -> std::result::Result<Undone, Denied> {
        self.undo_of(viewer, Undo::new(what.clone(), over, viewer.region().clone())).await
    }

    /// As [`Store::undo`], for a viewer; `who` is the viewer's name.
    ///
    /// # Errors
    /// [`Denied`]
    pub async fn undo_as(
        &self,
        (viewer, who): (&Viewer, &str),
        what: &Undoing,
        over: bool,
        (agreed, why): (&str, &str),
    ) -> std::result::Result<Undone, Denied> {
        let undo = Undo::new(what.clone(), over, viewer.region().clone());
        self.undo_of(viewer, agree(undo, agreed, (who, why))).await
    }

    /// What undoing does, as a viewer may see it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn undone_page(&self, viewer: &Viewer, undone: &Undone) -> Result<UndonePage> {
        Ok(self.scope(&*self.index().await?, viewer).undone(undone))
    }

    /// Who does not decide is refused before anything is computed, and told so only of what they see.
    async fn undo_of(&self, viewer: &Viewer, undo: Undo) -> std::result::Result<Undone, Denied> {
        if !viewer.decides() {
            let is_seen =
                ask_reader!(self, shown, db, engine::is_seen(db, &undo.what, viewer.region()).await)?;
            return Err(if is_seen { Denied::Role } else { Denied::Missing });
        }
        match self.ask(undo).await {
            Err(Error::NoChange(_)) => Err(Denied::Missing),
            other => Ok(other?),
        }
    }
}

fn agree(undo: Undo, agreed: &str, (who, why): (&str, &str)) -> Undo {
    let (who, why) = (sites::visible(who), sites::visible(why.trim()));
    undo.agreed(agreed, (who, why))
}
