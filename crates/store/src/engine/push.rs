//! A batch of an agent into the store, in one transaction with the answer to it.
//!
//! Batches of a site are numbered. The number that came last is answered as it was answered then; the next one is merged;
//! any other shows that the site's file, or the hub, is not the one that it was.

mod fates;
pub(super) mod guard;
pub(super) mod strangers;
mod taken;
mod translate;

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use fail::fail_point;
use merge::{Action, Author, Change, Refusal, TableId, Verdict};
use model::{Gid, Rev, SiteId};
use replica::wire::{self, Pushed};

use super::{
    agents::{self, Agent, State},
    audit_in,
    batches::{self, Came},
    compare::held_for,
    held, history,
    merged::{Aim, Merged},
    merging::{self, Part, Seen},
    pull,
    receipt::{self, Rows},
    refused, rows,
};
use crate::{
    Decision, Declined, Device, Error, HeldTable, Receipt, Rejected, Result,
    desk::{Desk, Made},
    sites,
    writer::Job,
};
use fates::Fates;
use guard::Judged;
pub(super) use taken::taken;
use translate::Translated;

pub(crate) struct Push {
    device: Device,
    push: wire::Push,
    digest: String,
}

/// More tables than any office file has.
const TABLES_MAX: usize = 256;
/// More rows than any office file has.
const LATE_MAX: usize = 1 << 20;

type Declinable<T> = std::result::Result<T, Declined>;

#[async_trait]
impl Job for Push {
    type Answer = Pushed;
    type Failure = Declined;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Declinable<Pushed> {
        if !sites::contact(desk, &self.device, Some("agent")).await? {
            return Err(Declined::Revoked);
        }
        let mut agent = agents::of(desk.db, self.device.site).await?;
        agent.observe(desk, self.push.clock_ms).await?;
        let pushed = match self.standing(desk, &agent).await? {
            Standing::Again => {
                if agent.state == State::Decided {
                    agent.state = State::Answered;
                }
                agent.answer.clone()
            }
            Standing::New => {
                if let (State::Held, Some(id), true) = (agent.state, agent.held, self.replaces(&agent)) {
                    held::end(desk, id, (held::SUPERSEDED, &self.device.name)).await?;
                }
                (agent.number, agent.digest) = (self.push.number, self.digest.clone());
                agent.seen = self.push.seen.max(0);
                self.take(desk, &mut agent).await?
            }
        };
        agents::save(desk.db, &agent).await?;
        fail_point!("store-answer-written");
        Ok(Pushed { clock_ms: desk.now_ms, ..pushed })
    }
}

/// How a batch stands to the last one of its site.
enum Standing {
    Again,
    New,
}

impl Push {
    /// What can be said of a batch without the store: so none keeps others waiting by its size.
    ///
    /// # Errors
    /// `Message`: it says too much.
    pub fn new(device: Device, push: wire::Push) -> Declinable<Self> {
        let lengths = [
            (push.changes.len(), wire::CHANGES_MAX, "changes"),
            (push.rows.len(), TABLES_MAX, "tables"),
            (push.more.len(), TABLES_MAX, "tables"),
            (push.late.len(), LATE_MAX, "late rows"),
        ];
        for (length, max, what) in lengths {
            if length > max {
                return Err(Declined::Message(format!("a batch has at most {max} {what}")));
            }
        }
        let digest = digest(&push)?;
        Ok(Self { device, push, digest })
    }

    /// Whether it takes the place of the site's last batch.
    fn replaces(&self, agent: &Agent) -> bool {
        self.push.instead == Some(agent.number)
    }

    async fn standing(&self, desk: &mut Desk<'_>, agent: &Agent) -> Declinable<Standing> {
        let (number, seen) = (agent.number, agent.seen);
        if self.push.number == number && agent.digest == self.digest {
            return Ok(Standing::Again);
        }
        let cursor = self.push.seen;
        let is_ahead = cursor > desk.meta.rev.0 || self.push.number > number.saturating_add(1);
        let mark = self.push.mark.as_deref();
        if is_ahead || (mark.is_some() && !pull::bears(desk.db, cursor, mark).await?) {
            return Err(Declined::Behind { number, seen });
        }
        if self.push.number <= number {
            return Err(Declined::Older { number, seen });
        }
        if agent.state == State::Decided && self.replaces(agent) {
            return Err(Declined::Decided { number, seen });
        }
        Ok(Standing::New)
    }

    async fn take(&self, desk: &mut Desk<'_>, agent: &mut Agent) -> Declinable<Pushed> {
        let said = translate::translate(desk, &self.device, &self.push).await?;
        let judged = Judged::of(desk, &self.device, &self.push, &said.changes).await?;
        (agent.state, agent.held) = (State::Answered, None);
        if judged.held.is_empty() {
            let batch = Batch { device: &self.device, push: &self.push, said: &said };
            agent.answer = batch.merge(desk, &judged.back).await?.0;
            judged.note(desk, &said.changes, &agent.answer.fates).await?;
        } else {
            let bytes = wire::pack(&self.push);
            let id = held::keep_batch(desk, &self.device, (&name(&self.push), &bytes), &judged.held).await?;
            (agent.state, agent.held) = (State::Held, Some(id));
            agent.answer = Pushed { number: self.push.number, held: true, ..Pushed::default() };
        }
        Ok(agent.answer.clone())
    }
}

/// What the batch is called in the audit.
fn name(push: &wire::Push) -> String {
    format!("batch {}", push.number)
}

/// Tells batches apart, in whatever form they came. The time at which a batch is sent is none of what it says.
pub(super) fn digest(push: &wire::Push) -> Result<String> {
    let wire::Push { number, instead, seen, late, mark, unsure, clock_ms: _, rows, more, changes } = push;
    let mut hasher = blake3::Hasher::new();
    serde_json::to_writer(&mut hasher, &(number, instead, seen, late, mark, unsure, rows, more, changes))
        .map_err(|_| Error::Broken("a batch cannot be written down"))?;
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

/// A batch that is merged now.
struct Batch<'a> {
    device: &'a Device,
    push: &'a wire::Push,
    said: &'a Translated,
}

impl Batch<'_> {
    /// `back`: what a person refused.
    async fn merge(&self, desk: &mut Desk<'_>, back: &[HeldTable]) -> Result<(Pushed, Receipt)> {
        let (site, from) = (self.device.site, desk.meta.rev);
        let seen = Rev(self.push.seen.clamp(0, from.0));
        let late = late(desk, &self.push.late).await?;
        let author = Author { late, ..Author::new(site, self.device.region.clone(), seen) };
        let Translated { changes: said, hidden } = self.said;
        let kept = held_for(said, &desk.hub.rules, back);
        let all: Vec<Change> =
            said.iter().map(|change| hidden.hide(&desk.hub.rules, change.clone())).collect();
        let go = |change: &&Change| !kept.has(change);
        let changes: Vec<Change> =
            said.iter().zip(&all).filter(|(said, _)| go(said)).map(|(_, change)| change.clone()).collect();
        let aims: Vec<Aim> = changes.iter().map(Aim::of).collect();
        let Part { mut outcomes, scope } =
            merging::part(desk, &author, changes, &Made::default(), Seen::Revs).await?;
        fail_point!("store-rows-written");
        let mut fates = Fates::new(self.push, hidden, (seen, from));
        let mut ends = outcomes.iter();
        for ((said, change), sent) in said.iter().zip(&all).zip(&self.push.changes) {
            let outcome = if kept.has(said) { None } else { ends.next().map(|(_, _, outcome)| outcome) };
            fates.add(&scope, sent, change, outcome);
        }
        let refused: Vec<Change> = said
            .iter()
            .filter(go)
            .zip(&outcomes)
            .filter(|(_, (_, _, outcome))| matches!(outcome.verdict, Verdict::Refused(_)))
            .map(|(change, _)| change.clone())
            .chain(said.iter().filter(|change| kept.has(change)).cloned())
            .collect();
        refused::write_back(desk, &refused).await?;
        hidden.tell(&aims, &mut outcomes);
        let mut merged = Merged::default();
        merged.add(&aims, outcomes, &scope);
        tell(desk, site, &merged).await?;
        let receipt = receipt::batch(desk.hub, &name(self.push), &merged);
        batches::write(desk, site, &Came::of("push")).await?;
        let summary = receipt::summary("agent", &receipt);
        audit_in(desk, &self.device.region, [&self.device.name, "push", &summary]).await?;
        Ok((fates.pushed(desk, &self.device.region).await?, receipt))
    }
}

/// What the site's file does not have of rows, by what they were and by what they are called today.
async fn late(desk: &mut Desk<'_>, told: &[wire::Late]) -> Result<HashMap<Gid, Rev>> {
    let mut late: HashMap<Gid, Rev> = HashMap::new();
    if told.is_empty() {
        return Ok(late);
    }
    let became = rows::became(desk.db).await?;
    for told in told {
        let gid = Gid::from_uuid(told.gid);
        for gid in [gid, rows::today(&became, gid)] {
            late.entry(gid).and_modify(|rev| *rev = (*rev).min(Rev(told.rev))).or_insert(Rev(told.rev));
        }
    }
    Ok(late)
}

/// Raises alerts about a batch.
async fn tell(desk: &mut Desk<'_>, site: SiteId, merged: &Merged) -> Result<()> {
    let mut told: BTreeMap<(&'static str, TableId), Rows> = BTreeMap::new();
    for end in &merged.ends {
        let kind = match end.verdict {
            Verdict::Refused(Refusal::Region) => Some("region"),
            Verdict::Refused(Refusal::Orphan(_) | Refusal::Gone(_)) => Some("orphan"),
            Verdict::Refused(Refusal::Unknown) => Some("unknown_row"),
            _ => None,
        };
        let namesakes = end.namesakes.iter().map(|namesake| ("namesake", namesake.table));
        for counted in kind.map(|kind| (kind, end.table)).into_iter().chain(namesakes) {
            // What the office calls the row is not known here.
            told.entry(counted).or_default().add(|| None);
        }
    }
    receipt::raise(desk, site, told).await
}

/// A person settles a held batch.
pub(crate) struct DecideBatch {
    pub id: i64,
    pub who: String,
    pub decision: Decision,
}

#[async_trait]
impl Job for DecideBatch {
    type Answer = Receipt;
    type Failure = Rejected;

    async fn run(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Receipt, Rejected> {
        let state = match self.decision {
            Decision::LetThrough => held::LET_THROUGH,
            Decision::SendBack => held::SENT_BACK,
        };
        let since = desk.meta.rev;
        let held::Ended { site, tables, kept } = held::end(desk, self.id, (state, &self.who)).await?;
        let device = sites::device_of(desk.db, site).await?.ok_or(Error::NoHeld(self.id))?;
        let push = wire::unpack(&kept, wire::BYTES_MAX).map_err(|_| GARBLED)?;
        let said = translate::translate(desk, &device, &push).await.map_err(|_| GARBLED)?;
        guard::decide(desk, device.site, &tables, self.decision).await?;
        let back = match self.decision {
            Decision::LetThrough => Vec::new(),
            Decision::SendBack => tables,
        };
        let batch = Batch { device: &device, push: &push, said: &said };
        let (pushed, receipt) = batch.merge(desk, &back).await?;
        let mut agent = agents::of(desk.db, device.site).await?;
        if agent.held == Some(self.id) {
            (agent.answer, agent.state) = (pushed, State::Decided);
            agents::save(desk.db, &agent).await?;
        }
        history::announce(desk, &device.region, since).await?;
        Ok(receipt)
    }
}

/// What a batch says, as it would be merged.
///
/// # Errors
/// As of any batch.
pub(super) async fn changes_of(
    desk: &mut Desk<'_>,
    device: &Device,
    push: &wire::Push,
) -> std::result::Result<Vec<Change>, Declined> {
    Ok(translate::translate(desk, device, push).await?.changes)
}

const GARBLED: Error = Error::Broken("a held batch cannot be read");

/// Which columns a change says something about, and what.
fn said(change: &Change) -> Vec<(merge::ColumnId, &model::Value)> {
    match &change.action {
        Action::Insert(cells) => {
            let known = cells.iter().enumerate();
            known.filter_map(|(at, cell)| Some((merge::ColumnId(at), cell.as_ref()?))).collect()
        }
        Action::Update(edits) => edits.iter().map(|edit| (edit.column, &edit.value)).collect(),
        Action::Delete { .. } => Vec::new(),
    }
}
