//! How files and hub come together: by agents, the old way, and by a person who decides.

use std::collections::BTreeSet;

use agent::{CycleError, Exchange, LeaveError, LinkError, Report, office::Lock};
use anyhow::{bail, ensure};
use replica::wire::Code;
use rusqlite::Connection;
use store::{Decision, HeldBatch, Receipt};

use super::{
    book::{strings, words},
    files::is_met,
    link::Luck,
    tally::Event,
    town::{Office, Town, Way},
};
use crate::Broken;

/// So often everybody exchanges everything until nothing moves any more.
const ROUNDS_MAX: usize = 20;

/// What became of an exchange.
enum End {
    /// The link lost something.
    Away,
    Done(Done),
}

#[derive(Default)]
struct Done {
    sent: u64,
    received: u64,
    /// The hub knows everything that the file had before.
    told: bool,
    waiting: bool,
}

impl Town {
    pub async fn exchange(&mut self, at: usize) -> anyhow::Result<String> {
        // Now and then the agent introduces itself.
        if self.rng.percent(30) {
            self.offices[at].exchange.greet_again();
        }
        Ok(match self.one(at).await? {
            End::Away => {
                self.tally.add(Event::Away, 1);
                format!("pc{at}: the link is down")
            }
            End::Done(done) => {
                let more = if done.waiting { ", something waits" } else { "" };
                format!("pc{at}: {} sent, {} received{more}", done.sent, done.received)
            }
        })
    }

    /// One exchange, in which nobody else uses the file.
    async fn one(&mut self, at: usize) -> anyhow::Result<End> {
        let before = self.look(at)?;
        let users = self.users(at)?;
        let end = match self.offices[at].way {
            Way::Agent => self.cycle(at).await?,
            Way::Old => self.old_way(at).await?,
        };
        let broken = || Broken::new("users are their PC's own", format!("pc{at}"));
        ensure!(users == self.users(at)?, broken());
        self.look(at)?;
        if let End::Done(done) = &end {
            if done.told {
                self.offices[at].past = false;
                self.book.tell(before);
            }
            self.tally.add(Event::Held, u64::from(done.waiting));
            self.listen()?;
        }
        Ok(end)
    }

    /// Somebody looks at everything in the file: what it says.
    pub fn look(&mut self, at: usize) -> anyhow::Result<BTreeSet<String>> {
        let office = &mut self.offices[at];
        let says = words(&office.file)?;
        office.seen.extend(says.iter().cloned());
        Ok(says)
    }

    fn users(&self, at: usize) -> anyhow::Result<BTreeSet<String>> {
        strings(&self.sql(at)?, include_str!("../sql/users.sql"))
    }

    async fn cycle(&mut self, at: usize) -> anyhow::Result<End> {
        let office = &mut self.offices[at];
        let file = Lock::take(&office.file)?;
        let report = match office.exchange.cycle(&file, &office.tools).await {
            Ok(report) => report,
            Err(error) if is_away(&error) => return Ok(End::Away),
            Err(error) => bail!(Broken::new("a cycle goes to its end", format!("pc{at}: {error:?}"))),
        };
        let Report { pushed, pulled, conflicts, met, held, waiting, .. } = report;
        let told = [
            (Event::Cycle, 1),
            (Event::Settled, u64::from(pushed > 0)),
            (Event::Pulled, pulled),
            (Event::Conflict, conflicts),
            (Event::Met, u64::from(met > 0)),
        ];
        told.iter().for_each(|(event, times)| self.tally.add(*event, *times));
        let told = held == 0 && waiting == 0;
        Ok(End::Done(Done { sent: pushed, received: pulled, told, waiting: held > 0 }))
    }

    /// The program sends its file, and takes the hub's in its place.
    async fn old_way(&mut self, at: usize) -> anyhow::Result<End> {
        let Office { link, file, .. } = &self.offices[at];
        let (link, file) = (link.clone(), file.clone());
        let Luck { arrives, twice, answered } = link.luck();
        if !arrives {
            return Ok(End::Away);
        }
        let receive = async || -> anyhow::Result<Receipt> {
            let receipt = self.hub.store().receive(&link.device, &file, "manual").await;
            Ok(receipt.map_err(|error| Broken::new("nothing is refused", format!("pc{at}: {error:?}")))?)
        };
        let mut receipt = receive().await?;
        if twice {
            receipt = receive().await?;
        }
        let Luck { arrives, answered: given, .. } = link.luck();
        if !(answered && arrives && given) {
            return Ok(End::Away);
        }
        let changed = receipt.tables.values().map(|table| table.inserted + table.updated + table.deleted);
        let sent = changed.sum::<usize>() as u64;
        let waiting = receipt.held > 0;
        let handout = match self.hub.store().hand_out(&link.device).await {
            Ok(handout) => handout,
            Err(store::Error::Waiting(_)) => {
                return Ok(End::Done(Done { sent, told: !waiting, waiting: true, ..Done::default() }));
            }
            Err(error) => bail!(Broken::new("nothing is refused", format!("pc{at}: {error:?}"))),
        };
        let before = words(&file)?;
        std::fs::copy(&handout.path, &file)?;
        let received = words(&file)?.difference(&before).count() as u64;
        self.tally.add(Event::OldWay, 1);
        Ok(End::Done(Done { sent, received, told: !waiting, waiting }))
    }

    /// From the agent to the old way: it is taken out, or only stopped.
    pub async fn leave(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        if self.offices[at].way == Way::Old {
            return Ok(None);
        }
        let is_taken_out = self.rng.percent(50);
        if is_taken_out && let Err(why) = self.take_out(at).await? {
            return Ok(Some(format!("pc{at}: the agent stays: {why}")));
        }
        self.offices[at].way = Way::Old;
        self.forget_backups(at)?;
        self.tally.add(Event::Left, 1);
        Ok(Some(format!("pc{at}: the agent is {}", if is_taken_out { "taken out" } else { "stopped" })))
    }

    /// Why it did not go, if it did not.
    async fn take_out(&mut self, at: usize) -> anyhow::Result<Result<(), &'static str>> {
        let before = words(&self.offices[at].file)?;
        let office = &mut self.offices[at];
        let met = is_met(&office.file)?;
        let exchange = std::mem::replace(&mut office.exchange, Exchange::new(office.link.clone()));
        match exchange.leave(Lock::take(&office.file)?, &office.tools).await {
            Ok(()) => {
                // An agent that never met the hub goes without a word.
                if met {
                    self.book.tell(before);
                }
                Ok(Ok(()))
            }
            Err(LeaveError::Held) => Ok(Err("something waits")),
            Err(LeaveError::Cycle(error)) if is_away(&error) => Ok(Err("the link is down")),
            Err(error) => bail!(Broken::new("an agent can be taken out", format!("pc{at}: {error:?}"))),
        }
    }

    pub fn come_back(&mut self, at: usize) -> Option<String> {
        let office = &mut self.offices[at];
        if office.way == Way::Agent {
            return None;
        }
        office.way = Way::Agent;
        office.exchange = Exchange::new(office.link.clone());
        self.tally.add(Event::Returned, 1);
        Some(format!("pc{at}: gets an agent again"))
    }

    /// A person decides about everything that waits.
    pub async fn decide(&mut self) -> anyhow::Result<Option<String>> {
        let mut told = Vec::new();
        for held in self.hub.store().held().await? {
            let approves = self.rng.percent(50);
            self.settle(&held, if approves { Decision::LetThrough } else { Decision::SendBack }).await?;
            self.tally.add(if approves { Event::Approved } else { Event::Rejected }, 1);
            told.push(format!("{} of site {}", if approves { "approved" } else { "sent back" }, held.site));
        }
        Ok((!told.is_empty()).then(|| format!("hub: {}", told.join(", "))))
    }

    async fn settle(&mut self, held: &HeldBatch, decision: Decision) -> anyhow::Result<()> {
        let living = || strings(&Connection::open(self.hub.store_file())?, include_str!("../sql/living.sql"));
        let before = living()?;
        match self.hub.store().decide(held.id, decision, "Merkez").await {
            Ok(_) => {}
            Err(error) => bail!(Broken::new("what waits can be decided", format!("{held:?}: {error:?}"))),
        }
        if decision == Decision::SendBack {
            let after = living()?;
            let why = || held.tables.iter().filter(|table| !table.passes);
            let is_of = |row: &&String| why().any(|of| row.starts_with(&format!("{} ", of.table)));
            let lost: Vec<_> = before.difference(&after).filter(is_of).collect();
            let broken = || Broken::new("what is sent back deletes nothing", format!("{held:?}: {lost:?}"));
            ensure!(lost.is_empty(), broken());
            // Also what all had heard, and a restored hub was told again.
            why().for_each(|table| self.heard.sent_back(&table.table));
        }
        Ok(())
    }

    /// The links lose nothing, and everybody tells everything.
    pub async fn quiet(&mut self) -> anyhow::Result<()> {
        self.offices.iter().for_each(|office| office.link.lose(0));
        for _ in 0..ROUNDS_MAX {
            let before = self.hub.look().await?;
            let mut moved = self.decide().await?.is_some();
            for at in 0..self.offices.len() {
                self.offices[at].exchange.greet_again();
                match self.one(at).await? {
                    End::Away => bail!(Broken::new("the simulator works", format!("pc{at} hears nothing"))),
                    End::Done(done) => moved |= !done.told || done.waiting || done.received > 0,
                }
            }
            if !moved && self.hub.look().await? == before {
                return Ok(());
            }
        }
        bail!(Broken::new("offices come to rest", format!("{ROUNDS_MAX} rounds were not enough")))
    }
}

fn is_away(error: &CycleError) -> bool {
    matches!(error, CycleError::Link(LinkError::Refused(trouble)) if trouble.code == Code::Busy)
}
