//! The store as people use it who administer.

use std::{collections::BTreeSet, sync::Arc};

use database::Engine;

use super::Store;
use crate::{
    Denied, Enrolment, Station, Viewer, Whereabouts, administration, hand_outs,
    sites::{self, Which},
};

impl Store {
    /// The PCs that are a viewer's to administer, in the order in which they were added.
    ///
    /// # Errors
    /// `Role`; what the database says.
    pub async fn stations(&self, viewer: &Viewer) -> Result<Vec<Station>, Denied> {
        administration::check(viewer)?;
        Ok(ask_reader!(self, shown, db, administration::stations(db, viewer).await)?)
    }

    /// One of them.
    ///
    /// # Errors
    /// `Missing`, `Role`; what the database says.
    pub async fn station(&self, viewer: &Viewer, id: u32) -> Result<Station, Denied> {
        let own = self.stations(viewer).await?;
        own.into_iter().find(|station| station.site.id == id).ok_or(Denied::Missing)
    }

    /// As [`Store::add_site`]; `who` is the viewer's name.
    ///
    /// # Errors
    /// `Role`: not of this region, either; as [`Store::add_site`].
    pub async fn add_station(
        &self,
        (viewer, who): (&Viewer, &str),
        name: &str,
        region: &str,
    ) -> Result<Enrolment, Denied> {
        administration::check_region(viewer, region)?;
        let (name, region, who) = (name.trim().to_owned(), region.to_owned(), sites::visible(who));
        let random = Arc::clone(&self.inner.hub.settings.random);
        Ok(self.ask(sites::Add { name, region, random, who }).await?)
    }

    /// Gives a PC a new token and shows it, once; the old one opens nothing any more.
    ///
    /// # Errors
    /// `Missing`, `Role`; `NoToken` of one that was revoked or is behind the shared key; what the database says.
    pub async fn renew_station(&self, (viewer, who): (&Viewer, &str), id: u32) -> Result<Enrolment, Denied> {
        self.station(viewer, id).await?;
        let random = Arc::clone(&self.inner.hub.settings.random);
        Ok(self.ask(sites::Renew { which: Which::Number(id), random, who: sites::visible(who) }).await?)
    }

    /// As [`Store::revoke_site`].
    ///
    /// # Errors
    /// `Missing`, `Role`; what the database says.
    pub async fn revoke_station(&self, (viewer, who): (&Viewer, &str), id: u32) -> Result<(), Denied> {
        self.station(viewer, id).await?;
        Ok(self.revoke(Which::Number(id), &sites::visible(who)).await?)
    }

    /// As [`Store::rename_site`].
    ///
    /// # Errors
    /// `Missing`, `Role`; as [`Store::rename_site`].
    pub async fn rename_station(
        &self,
        (viewer, who): (&Viewer, &str),
        id: u32,
        to: &str,
    ) -> Result<(), Denied> {
        self.station(viewer, id).await?;
        let (which, to, who) = (Which::Number(id), to.trim().to_owned(), sites::visible(who));
        Ok(self.ask(sites::Rename { which, to, who }).await?)
    }

    /// What the store is, and how large.
    ///
    /// # Errors
    /// `Role`; what the database says.
    pub async fn whereabouts(&self, viewer: &Viewer) -> Result<Whereabouts, Denied> {
        if !viewer.administers_hub() {
            return Err(Denied::Role);
        }
        let (health, address) = (self.health().await?, &self.inner.hub.settings.address);
        let file = (address.engine() == Engine::Sqlite).then(|| address.path().to_owned());
        let bytes = file.as_ref().map(|file| administration::bytes_of(file));
        Ok(Whereabouts { product: health.product, version: health.version, rev: health.rev, file, bytes })
    }

    /// Gives a PC a new token and shows it, once; the old one opens nothing any more.
    ///
    /// # Errors
    /// `NoSite`, `NoToken`; what the database says.
    pub async fn renew_site(&self, name: &str) -> crate::Result<Enrolment> {
        let random = Arc::clone(&self.inner.hub.settings.random);
        let (which, who) = (Which::Name(name.to_owned()), super::HUB.to_owned());
        self.ask(sites::Renew { which, random, who }).await
    }

    pub(super) async fn revoke(&self, which: Which, who: &str) -> crate::Result<()> {
        self.ask(sites::Revoke { which, who: who.to_owned() }).await?;
        self.sweep_hand_outs().await
    }

    pub(super) async fn sweep_hand_outs(&self) -> crate::Result<()> {
        let _nobody = self.inner.handing_out.write().await;
        ask_reader!(self, db, hand_outs::sweep(&self.inner.hub, db).await)
    }

    /// The regions that a PC or a row is of, in order.
    ///
    /// # Errors
    /// What the database says.
    pub async fn regions(&self) -> crate::Result<BTreeSet<String>> {
        let (status, sites) = (self.status().await?, self.sites().await?);
        let all = status.regions.into_keys().chain(sites.into_iter().map(|site| site.region));
        Ok(all.filter(|region| !region.is_empty()).collect())
    }

    /// A region that is there and for which this name is a slip: who is of region `izmir` would see nothing of `Izmir`, and
    /// rows of theirs would be refused.
    ///
    /// # Errors
    /// What the database says.
    pub async fn region_like(&self, region: &str) -> crate::Result<Option<String>> {
        Ok(administration::near(&self.regions().await?, region))
    }
}
