//! Sites: who may send and fetch files, and for which region.

use std::collections::BTreeMap;

use async_trait::async_trait;
use merge::Region;
use model::{SiteId, Value};
use serde::Serialize;

use crate::{
    Error, Random, Result, administration,
    desk::Desk,
    engine,
    query::{Db, Row, maybe, number, text},
    shape::{HELD, SITES},
    token::{self, TokenHash},
    writer::Job,
};

/// Who stands behind a request, as the store knows it from the credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub site: SiteId,
    pub name: String,
    pub region: Region,
    /// Behind one shared key there may be several PCs.
    pub shared: bool,
}

/// A new site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    pub site: Site,
    /// Shown once; the store keeps only a hash.
    pub token: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    pub id: u32,
    pub name: String,
    /// `*`: headquarters.
    pub region: String,
    pub shared: bool,
    /// **Units**: milliseconds since 1970, like the others.
    pub created_ms: i64,
    pub revoked_ms: Option<i64>,
    /// When it last sent or fetched a file.
    pub last_contact_ms: Option<i64>,
    /// Why it last sent one, as it says itself.
    pub last_reason: Option<String>,
    /// Batches of it that wait for a person.
    pub held: u64,
}

impl Site {
    #[must_use]
    pub fn source(&self) -> Source {
        match self.last_reason.as_deref() {
            _ if !self.shared => Source::Pc,
            Some(IMPORT) => Source::Import,
            _ => Source::SharedKey,
        }
    }

    /// In one word how it stands: `new` (never heard of), `active`, `held`, `revoked`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match (self.revoked_ms, self.held, self.last_contact_ms) {
            (Some(_), ..) => "revoked",
            (None, 1.., _) => "held",
            (None, 0, None) => "new",
            (None, 0, Some(_)) => "active",
        }
    }
}

/// Where the files of a site come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One PC, with a token of its own.
    Pc,
    /// PCs of a region behind the shared key. The site's name is none that people gave it; so with `Import`.
    SharedKey,
    /// A person brought the last one to the hub itself.
    Import,
}

/// A site as it is kept.
#[derive(Clone, Debug)]
struct Kept {
    site: Site,
    token: Option<TokenHash>,
}

/// Why a file comes that a person brings to the hub itself; nobody used the shared key for it. See [`Site::last_reason`].
pub const IMPORT: &str = "import";
/// Names that sites behind the shared key are given begin with it.
const SHARED: &str = "shared:";
const NAME_MAX: usize = 100;
/// Regions that the shared key may make sites in.
const SHARED_MAX: usize = 200;
const HEADQUARTERS: &str = "*";

pub(crate) struct Add {
    pub name: String,
    pub region: String,
    pub random: Random,
    pub who: String,
}

/// Finds the site of the shared key in a region, or makes it.
pub(crate) struct Shared {
    pub region: String,
}

/// Finds the site of the shared key in a region for somebody who has sent nothing: he makes none there, and is taken for
/// one of headquarters' that sees this region only.
pub(crate) struct Stranger {
    pub region: Region,
}

/// The site of this name, or of this number.
pub(crate) enum Which {
    Name(String),
    Number(u32),
}

/// A new token takes the place of the old one, which opens nothing from then on.
pub(crate) struct Renew {
    pub which: Which,
    pub random: Random,
    pub who: String,
}

pub(crate) struct Revoke {
    pub which: Which,
    pub who: String,
}

pub(crate) struct Rename {
    pub which: Which,
    pub to: String,
    pub who: String,
}

#[async_trait]
impl Job for Add {
    type Answer = Enrolment;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Enrolment> {
        check_name(&self.name)?;
        let region = checked_region(&self.region)?;
        if let Some(other) = alike(desk.db, &self.name, None).await? {
            return Err(Error::SiteExists(other));
        }
        let id = desk.meta.next_site();
        let token = token::new(id, &self.random);
        let kept = Kept { site: new(id, &self.name, &region, desk.now_ms), token: TokenHash::of(&token) };
        desk.db.add(SITES, &[row(&kept)]).await?;
        engine::audit(desk, &self.who, "site_add", &self.name).await?;
        Ok(Enrolment { site: kept.site, token })
    }
}

#[async_trait]
impl Job for Shared {
    type Answer = Device;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Device> {
        let region = checked_region(&self.region)?;
        let name = [SHARED, &region].concat();
        let known = shared(desk.db).await?;
        if let Some(site) = known.iter().find(|site| site.region == region) {
            return Ok(device(site));
        }
        if known.len() >= SHARED_MAX && region != HEADQUARTERS {
            return Err(Error::Regions(SHARED_MAX));
        }
        let site = Site { shared: true, ..new(desk.meta.next_site(), &name, &region, desk.now_ms) };
        let kept = Kept { site, token: None };
        desk.db.add(SITES, &[row(&kept)]).await?;
        engine::audit(desk, "hub", "site_add", &name).await?;
        Ok(device(&kept.site))
    }
}

#[async_trait]
impl Job for Stranger {
    type Answer = Device;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Device> {
        if let Region::Named(name) = &self.region {
            let name = checked_region(name)?;
            if let Some(site) = shared(desk.db).await?.iter().find(|site| site.region == name) {
                return Ok(device(site));
            }
        }
        let headquarters = Shared { region: HEADQUARTERS.to_owned() }.run(desk).await?;
        Ok(Device { region: self.region.clone(), ..headquarters })
    }
}

#[async_trait]
impl Job for Renew {
    type Answer = Enrolment;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Enrolment> {
        let mut kept = self.which.find(desk.db).await?;
        if kept.site.shared || kept.site.revoked_ms.is_some() {
            return Err(Error::NoToken(kept.site.name));
        }
        let token = token::new(i64::from(kept.site.id), &self.random);
        kept.token = TokenHash::of(&token);
        desk.db.put(SITES, &[row(&kept)]).await?;
        engine::audit(desk, &self.who, "site_renew", &kept.site.name).await?;
        Ok(Enrolment { site: kept.site, token })
    }
}

#[async_trait]
impl Job for Revoke {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let mut kept = self.which.find(desk.db).await?;
        kept.site.revoked_ms.get_or_insert(desk.now_ms);
        desk.db.put(SITES, &[row(&kept)]).await?;
        engine::audit(desk, &self.who, "site_revoke", &kept.site.name).await
    }
}

#[async_trait]
impl Job for Rename {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        check_name(&self.to)?;
        let mut kept = self.which.find(desk.db).await?;
        let is_same = named(desk.db, &self.to).await?.is_some();
        if let Some(other) = alike(desk.db, &self.to, Some(kept.site.id).filter(|_| !is_same)).await? {
            return Err(Error::SiteExists(other));
        }
        let before = std::mem::replace(&mut kept.site.name, self.to.clone());
        desk.db.put(SITES, &[row(&kept)]).await?;
        engine::audit(desk, &self.who, "site_rename", &[&before, " -> ", &self.to].concat()).await
    }
}

impl Which {
    async fn find(&self, db: &mut Db) -> Result<Kept> {
        let (found, name) = match self {
            Self::Name(name) => (named(db, name).await?, name.clone()),
            Self::Number(id) => (numbered(db, i64::from(*id)).await?, id.to_string()),
        };
        found.ok_or(Error::NoSite(name))
    }
}

/// All sites, by number, with what of theirs waits.
pub(crate) async fn list(db: &mut Db) -> Result<Vec<Site>> {
    let held = db.find(HELD, &[("state", text(engine::WAITING))]).await?;
    let mut sites = all(db).await?.into_iter().map(|kept| kept.site).collect::<Vec<_>>();
    for row in held {
        let of = row.int(1)?;
        sites.iter_mut().filter(|site| i64::from(site.id) == of).for_each(|site| site.held += 1);
    }
    sites.sort_by_key(|site| site.id);
    Ok(sites)
}

/// What the tokens of sites are known by, but for those that were revoked.
pub(crate) async fn keys(db: &mut Db) -> Result<BTreeMap<u32, TokenHash>> {
    let living = all(db).await?.into_iter().filter(|kept| kept.site.revoked_ms.is_none());
    Ok(living.filter_map(|kept| Some((kept.site.id, kept.token?))).collect())
}

/// The device that shows this token, unless the token was revoked.
pub(crate) async fn of_token(db: &mut Db, shown: &str) -> Result<Option<Device>> {
    let (Some(id), Some(hash)) = (token::site(shown), TokenHash::of(shown)) else { return Ok(None) };
    let Some(kept) = numbered(db, id).await? else { return Ok(None) };
    let known = kept.token == Some(hash) && kept.site.revoked_ms.is_none();
    Ok(known.then(|| device(&kept.site)))
}

/// Whether the device may still do anything; and notes that it was here.
pub(crate) async fn contact(desk: &mut Desk<'_>, of: &Device, reason: Option<&str>) -> Result<bool> {
    let Some(mut kept) = numbered(desk.db, i64::from(of.site.0)).await? else { return Ok(false) };
    if kept.site.revoked_ms.is_some() {
        return Ok(false);
    }
    kept.site.last_contact_ms = Some(desk.now_ms);
    if let Some(reason) = reason {
        kept.site.last_reason = Some(visible(reason));
    }
    desk.db.put(SITES, &[row(&kept)]).await?;
    Ok(true)
}

/// When the site was last here.
pub(crate) async fn last_contact(db: &mut Db, site: SiteId) -> Result<Option<i64>> {
    Ok(numbered(db, i64::from(site.0)).await?.and_then(|kept| kept.site.last_contact_ms))
}

/// Text from outside, as it may be kept and shown.
pub(crate) fn visible(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect()
}

pub(crate) async fn device_of(db: &mut Db, site: i64) -> Result<Option<Device>> {
    Ok(numbered(db, site).await?.map(|kept| device(&kept.site)))
}

fn device(site: &Site) -> Device {
    let region = Region::new(&site.region);
    Device { site: SiteId(site.id), name: site.name.clone(), region, shared: site.shared }
}

fn new(id: i64, name: &str, region: &str, now_ms: i64) -> Site {
    Site {
        id: u32::try_from(id).unwrap_or(u32::MAX),
        name: name.to_owned(),
        region: region.to_owned(),
        shared: false,
        created_ms: now_ms,
        revoked_ms: None,
        last_contact_ms: None,
        last_reason: None,
        held: 0,
    }
}

fn check_name(name: &str) -> Result<()> {
    let fits = is_visible(name) && !name.starts_with(SHARED);
    if fits { Ok(()) } else { Err(Error::BadName(visible(name))) }
}

fn checked_region(region: &str) -> Result<String> {
    let region = region.trim();
    if is_visible(region) { Ok(region.to_owned()) } else { Err(Error::BadName(visible(region))) }
}

fn is_visible(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= NAME_MAX && !text.chars().any(char::is_control)
}

async fn all(db: &mut Db) -> Result<Vec<Kept>> {
    db.find(SITES, &[]).await?.iter().map(read).collect()
}

/// Whether a site is one behind the shared key.
pub(crate) async fn is_shared(db: &mut Db, site: SiteId) -> Result<bool> {
    Ok(device_of(db, i64::from(site.0)).await?.is_some_and(|device| device.shared))
}

/// Those behind the shared key.
async fn shared(db: &mut Db) -> Result<Vec<Site>> {
    Ok(all(db).await?.into_iter().map(|kept| kept.site).filter(|site| site.shared).collect())
}

async fn named(db: &mut Db, name: &str) -> Result<Option<Kept>> {
    db.find(SITES, &[("name", text(name))]).await?.first().map(read).transpose()
}

/// The site, but for one, that people would take for one of this name.
async fn alike(db: &mut Db, name: &str, but: Option<u32>) -> Result<Option<String>> {
    let folded = administration::folded(name);
    let mut others = all(db).await?.into_iter().map(|kept| kept.site).filter(|site| Some(site.id) != but);
    Ok(others.find(|site| administration::folded(&site.name) == folded).map(|site| site.name))
}

async fn numbered(db: &mut Db, id: i64) -> Result<Option<Kept>> {
    db.find(SITES, &[("id", Value::Int(id))]).await?.first().map(read).transpose()
}

fn read(row: &Row) -> Result<Kept> {
    let name = row.text(1)?;
    let mut site = new(row.int(0)?, name, row.text(2)?, row.int(4)?);
    site.revoked_ms = row.int_or_none(5)?;
    site.last_contact_ms = row.int_or_none(6)?;
    site.last_reason = row.text_or_none(7)?.map(str::to_owned);
    site.shared = row.int_or_none(8)? == Some(1);
    Ok(Kept { site, token: TokenHash::from_bytes(row.bytes(3)?) })
}

fn row(kept: &Kept) -> Vec<Value> {
    let Kept { site, token } = kept;
    vec![
        Value::Int(i64::from(site.id)),
        text(&site.name),
        text(&site.region),
        token.map_or(Value::Null, |token| Value::Bytes(token.bytes())),
        Value::Int(site.created_ms),
        number(site.revoked_ms),
        number(site.last_contact_ms),
        maybe(site.last_reason.clone()),
        Value::Int(i64::from(site.shared)),
    ]
}
