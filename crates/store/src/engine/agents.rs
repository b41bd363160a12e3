//! What the hub knows of agents: the last batch of each, and what it said of itself.

use std::collections::BTreeMap;

use async_trait::async_trait;
use merge::Region;
use model::{SiteId, Value};
use replica::wire::{self, Hello, Pushed, Welcome};

use super::{Alarm, alert, held, pull};
use crate::{
    AgentSaid, Alert, Declined, Device, Error, Result, conflicts,
    desk::{Desk, Hub},
    meta::Meta,
    offices,
    query::{Db, Row, maybe, number, text},
    shape::{AGENTS, ALERTS},
    sites, tell,
    writer::Job,
};

/// **Invariants**: the answer is that to the batch of this number, and was stored with what the batch did.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    site: SiteId,
    /// Of the last batch; 0: there was none.
    pub number: u64,
    pub digest: String,
    pub state: State,
    pub answer: Pushed,
    /// Under which number the last batch waited, or waits.
    pub held: Option<i64>,
    /// Up to here the site was told everything of its region.
    pub seen: i64,
    version: Option<String>,
    ahead_ms: i64,
    waiting: u64,
    at_ms: i64,
}

/// How far the last batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Answered,
    Held,
    /// A person has decided, and the site has not asked since.
    Decided,
}

/// A clock may be wrong by this much before people are told. **Units**: milliseconds.
pub(crate) const SKEW_MAX_MS: i64 = 5 * 60 * 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Held => "held",
            Self::Decided => "decided",
        }
    }

    fn read(word: &str) -> Result<Self> {
        let all = [Self::Answered, Self::Held, Self::Decided];
        let found = all.into_iter().find(|state| state.word() == word);
        found.ok_or(Error::Broken("the state of a batch cannot be read"))
    }
}

impl Agent {
    fn new(site: SiteId) -> Self {
        Self {
            site,
            number: 0,
            digest: String::new(),
            state: State::Answered,
            answer: Pushed::default(),
            held: None,
            seen: 0,
            version: None,
            ahead_ms: 0,
            waiting: 0,
            at_ms: 0,
        }
    }

    /// The last batch counts no more: another word of the site took its place.
    pub fn give_up(&mut self) {
        let number = self.number.saturating_add(1);
        *self = Self {
            number,
            digest: String::new(),
            state: State::Answered,
            answer: Pushed::default(),
            held: None,
            ..self.clone()
        };
    }

    /// Takes in what its clock shows; tells people, once, when it is wrong.
    pub async fn observe(&mut self, desk: &mut Desk<'_>, clock_ms: i64) -> Result<()> {
        let was_wrong = self.ahead_ms.saturating_abs() > SKEW_MAX_MS;
        self.ahead_ms = clock_ms.saturating_sub(desk.now_ms);
        self.at_ms = desk.now_ms;
        if was_wrong || self.ahead_ms.saturating_abs() <= SKEW_MAX_MS {
            return Ok(());
        }
        // In no language; + : the PC's clock runs before the hub's.
        let what = format!("{:+} s", self.ahead_ms / 1000);
        alert(desk, Alarm { site: self.site, kind: "clock_skew", what, rows: 0 }).await
    }
}

/// The agent of a site; one of which nothing was heard has no batch.
pub(super) async fn of(db: &mut Db, site: SiteId) -> Result<Agent> {
    match db.find(AGENTS, &[("site", Value::Int(i64::from(site.0)))]).await?.first() {
        Some(row) => read(site, row),
        None => Ok(Agent::new(site)),
    }
}

/// What the agents of all sites last said of themselves.
pub(crate) async fn said(db: &mut Db) -> Result<BTreeMap<u32, AgentSaid>> {
    let mut said = BTreeMap::new();
    for row in db.find(AGENTS, &[]).await? {
        let agent = read(SiteId(tell::site(&row, 0)?), &row)?;
        if agent.at_ms > 0 {
            let Agent { site, version, ahead_ms, waiting, at_ms, .. } = agent;
            said.insert(site.0, AgentSaid { version, ahead_ms, waiting, at_ms });
        }
    }
    Ok(said)
}

pub(super) async fn save(db: &mut Db, agent: &Agent) -> Result<()> {
    let row = vec![
        Value::Int(i64::from(agent.site.0)),
        Value::Int(agent.number.cast_signed()),
        text(&agent.digest),
        text(agent.state.word()),
        Value::Bytes(wire::pack(&agent.answer)),
        number(agent.held),
        Value::Int(agent.seen),
        maybe(agent.version.clone()),
        Value::Int(agent.ahead_ms),
        Value::Int(agent.waiting.cast_signed()),
        Value::Int(agent.at_ms),
    ];
    db.put(AGENTS, &[row]).await
}

fn read(site: SiteId, row: &Row) -> Result<Agent> {
    let answer = wire::unpack(row.bytes(4)?, usize::MAX - 1);
    Ok(Agent {
        site,
        number: row.int(1)?.cast_unsigned(),
        digest: row.text(2)?.to_owned(),
        state: State::read(row.text(3)?)?,
        answer: answer.map_err(|_| Error::Broken("the answer to a batch cannot be read"))?,
        held: row.int_or_none(5)?,
        seen: row.int(6)?,
        version: row.text_or_none(7)?.map(str::to_owned),
        ahead_ms: row.int(8)?,
        waiting: row.int(9)?.cast_unsigned(),
        at_ms: row.int(10)?,
    })
}

/// A batch was declined as an older file's, and nothing of that stays: people are told it all the same, once a day.
pub(crate) struct TellOlder {
    pub site: SiteId,
}

#[async_trait]
impl Job for TellOlder {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let with = [("site", Value::Int(i64::from(self.site.0))), ("kind", text(Alert::OLDER_BATCH))];
        let day_ago = desk.now_ms.saturating_sub(DAY_MS);
        for told in desk.db.find(ALERTS, &with).await? {
            if told.int(5)? > day_ago {
                return Ok(());
            }
        }
        let (kind, what) = (Alert::OLDER_BATCH, String::new());
        alert(desk, Alarm { site: self.site, kind, what, rows: 0 }).await
    }
}

fn shown(region: &Region) -> String {
    match region {
        Region::All => super::HEADQUARTERS.to_owned(),
        Region::Named(region) => region.clone(),
    }
}

/// How a site stands, for who only wants to know.
pub(crate) async fn standing(db: &mut Db, hub: &Hub, device: &Device) -> Result<wire::Standing> {
    let Device { site, name, region, .. } = device;
    let (meta, agent) = (Meta::load(db).await?, of(db, *site).await?);
    let held = held::since(db, *site).await?;
    let heard = agent.at_ms > 0;
    Ok(wire::Standing {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        hub: meta.hub,
        site: site.0,
        name: name.clone(),
        region: shown(region),
        rev: meta.rev.0,
        number: agent.number,
        seen: agent.seen,
        held: held.len() as u64,
        held_since_ms: held.into_iter().min(),
        conflicts: conflicts::open_ids(db, hub, region).await?.len() as u64,
        last_contact_ms: sites::last_contact(db, *site).await?,
        clock_ahead_ms: heard.then_some(agent.ahead_ms),
        clock_ms: hub.now_ms(),
    })
}

/// An agent introduces itself.
pub(crate) struct Greet {
    pub device: Device,
    pub hello: Hello,
}

#[async_trait]
impl Job for Greet {
    type Answer = Welcome;
    type Failure = Declined;

    async fn run(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Welcome, Declined> {
        let Device { site, name, region, .. } = &self.device;
        if !sites::contact(desk, &self.device, Some("agent")).await? {
            return Err(Declined::Revoked);
        }
        let mut agent = of(desk.db, *site).await?;
        agent.version = Some(sites::visible(&self.hello.version));
        agent.waiting = self.hello.waiting.min(i64::MAX.unsigned_abs());
        agent.observe(desk, self.hello.clock_ms).await?;
        if let Hello { seen: Some(seen), mark: Some(told), .. } = &self.hello
            && (0..=desk.meta.rev.0).contains(seen)
            && pull::bears(desk.db, *seen, Some(told)).await?
        {
            agent.seen = *seen;
        }
        save(desk.db, &agent).await?;
        if let Some(told) = &self.hello.settings {
            offices::keep(desk, &self.device, told).await?;
        }
        Ok(Welcome {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            hub: desk.meta.hub.clone(),
            site: site.0,
            name: name.clone(),
            region: shown(region),
            rev: desk.meta.rev.0,
            number: agent.number,
            seen: agent.seen,
            clock_ms: desk.now_ms,
            held: held::since(desk.db, *site).await?.len() as u64,
            conflicts: tell::open(desk.db, region).await?.conflicts,
        })
    }
}
