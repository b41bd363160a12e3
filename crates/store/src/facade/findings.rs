//! What should be looked at, as people ask for it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use jiff::civil::Date;
use merge::Region;
use model::Value;

use super::Store;
use crate::{
    Accepted, Denied, Error, Finding, Kind, Result, Severity, Subject, Viewer, When,
    desk::Desk,
    engine,
    lists::{Findings, Found, Scope},
    query::{Db, text},
    shape::ACCEPTED,
    sites,
    standing::{self, Standing},
    writer::Job,
};

/// Which findings are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingsAsked {
    pub kind: Option<Kind>,
    pub region: Option<String>,
    pub severity: Option<Severity>,
    /// Those that somebody accepted, instead of the others.
    pub accepted: bool,
    /// From 1; one behind the last is the last.
    pub page: usize,
    /// On a page.
    pub rows: usize,
}

/// A page of findings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingsListed {
    /// Up to this change it is so.
    pub rev: i64,
    /// The most serious first.
    pub findings: Vec<Finding>,
    /// Of the first finding, from 1; 0 where there is none.
    pub first: usize,
    pub total: usize,
    pub page: usize,
    pub pages: usize,
    /// What the viewer sees, whatever was asked for: each kind with how many there are.
    pub kinds: Vec<(Kind, usize)>,
    pub regions: Vec<String>,
    /// Of those that nobody accepted.
    pub severities: Vec<(Severity, usize)>,
    pub accepted: usize,
}

/// What was found last, for who only wants to know how much.
#[derive(Debug)]
pub(super) struct Reviewed {
    findings: Arc<Findings>,
    standing: Vec<Standing>,
    accepted: HashMap<[u8; 16], Accepted>,
}

/// A finding that is not told yet.
#[derive(Clone, Copy)]
enum Any<'a> {
    Row(&'a Found),
    Standing(&'a Standing),
}

impl<'a> Any<'a> {
    const fn sort(self) -> (Severity, Kind) {
        match self {
            Self::Row(found) => (found.severity, found.kind),
            Self::Standing(one) => (one.severity, one.kind),
        }
    }

    const fn key(self) -> &'a [u8; 16] {
        match self {
            Self::Row(found) => found.key_bytes(),
            Self::Standing(one) => &one.key,
        }
    }
}

impl Reviewed {
    /// What a viewer sees, the most serious first; of equal ones what is around the rows first.
    fn of<'a>(&'a self, viewer: &'a Viewer) -> Vec<Any<'a>> {
        let mut all: Vec<_> = self.seen(viewer).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.sort().0));
        all
    }

    fn seen<'a>(&'a self, viewer: &'a Viewer) -> impl Iterator<Item = Any<'a>> {
        let standing = self.standing.iter().filter(|one| one.is_seen(viewer.region())).map(Any::Standing);
        standing.chain(self.findings.of(viewer.region()).map(Any::Row))
    }

    fn is_accepted(&self, one: Any<'_>) -> bool {
        self.accepted.contains_key(one.key())
    }

    fn region<'a>(&'a self, one: Any<'a>) -> Option<&'a str> {
        match one {
            Any::Row(found) => self.findings.region(found),
            Any::Standing(one) => match &one.region {
                Region::Named(name) => Some(name),
                Region::All => None,
            },
        }
    }

    /// What somebody has to look at.
    fn pressing(&self, viewer: &Viewer) -> u64 {
        let is_pressing = |one: &Any<'_>| one.sort().0 > Severity::Info && !self.is_accepted(*one);
        self.seen(viewer).filter(is_pressing).count() as u64
    }

    /// What can be asked for, counted.
    fn frame(&self, all: &[Any<'_>], asked: &FindingsAsked) -> FindingsListed {
        let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
        let mut severities: BTreeMap<Severity, usize> = BTreeMap::new();
        let (mut regions, mut accepted) = (BTreeSet::new(), 0);
        for one in all {
            regions.extend(self.region(*one));
            accepted += usize::from(self.is_accepted(*one));
            if self.is_accepted(*one) == asked.accepted {
                *kinds.entry(one.sort().1).or_default() += 1;
            }
            if !self.is_accepted(*one) {
                *severities.entry(one.sort().0).or_default() += 1;
            }
        }
        FindingsListed {
            rev: self.findings.rev,
            kinds: kinds.into_iter().collect(),
            severities: severities.into_iter().rev().collect(),
            regions: regions.into_iter().map(str::to_owned).collect(),
            accepted,
            ..FindingsListed::default()
        }
    }

    fn matches(&self, one: Any<'_>, asked: &FindingsAsked) -> bool {
        let (severity, kind) = one.sort();
        asked.kind.is_none_or(|asked| asked == kind)
            && asked.severity.is_none_or(|asked| asked == severity)
            && asked.region.as_deref().is_none_or(|asked| self.region(one) == Some(asked))
            && self.is_accepted(one) == asked.accepted
    }

    fn tell(&self, scope: &Scope<'_>, one: Any<'_>) -> Option<Finding> {
        let accepted = self.accepted.get(one.key()).cloned();
        match one {
            Any::Row(found) => scope.finding(&self.findings, found, accepted),
            Any::Standing(one) => Some(told(one, accepted)),
        }
    }
}

fn told(one: &Standing, accepted: Option<Accepted>) -> Finding {
    let region = match &one.region {
        Region::Named(name) => Some(name.clone()),
        Region::All => None,
    };
    Finding {
        key: HEXLOWER.encode(&one.key),
        kind: one.kind,
        severity: one.severity,
        region,
        subject: one.site.map_or(Subject::Hub, Subject::Site),
        others: Vec::new(),
        items: Vec::new(),
        when: one.at_ms.map_or(When::Always, When::Moment),
        detail: one.detail.clone(),
        accepted,
    }
}

impl Store {
    /// A page of what should be looked at. `today` is the day of the hub's clock in the zone of the business.
    ///
    /// # Errors
    /// What the database says.
    pub async fn findings(
        &self,
        viewer: &Viewer,
        today: Date,
        asked: &FindingsAsked,
    ) -> Result<FindingsListed> {
        let page = |reviewed: &Reviewed, scope: &Scope<'_>| {
            let all = reviewed.of(viewer);
            let frame = reviewed.frame(&all, asked);
            let matching: Vec<_> = all.into_iter().filter(|one| reviewed.matches(*one, asked)).collect();
            let (total, rows) = (matching.len(), asked.rows.max(1));
            let pages = total.div_ceil(rows).max(1);
            let page = asked.page.clamp(1, pages);
            let first = (page - 1) * rows;
            let shown = &matching[first..(first + rows).min(total)];
            FindingsListed {
                findings: shown.iter().filter_map(|one| reviewed.tell(scope, *one)).collect(),
                first: if total == 0 { 0 } else { first + 1 },
                total,
                page,
                pages,
                ..frame
            }
        };
        self.reviewed(viewer, today, page).await
    }

    /// All findings that match, in the order of the page; what a file has, and what people are told of.
    ///
    /// # Errors
    /// What the database says.
    pub async fn every_finding(
        &self,
        viewer: &Viewer,
        today: Date,
        asked: &FindingsAsked,
    ) -> Result<Vec<Finding>> {
        let every = |reviewed: &Reviewed, scope: &Scope<'_>| {
            let matching = reviewed.of(viewer).into_iter().filter(|one| reviewed.matches(*one, asked));
            matching.filter_map(|one| reviewed.tell(scope, one)).collect()
        };
        self.reviewed(viewer, today, every).await
    }

    /// What is wrong around the rows: PCs, what waits, backups; also what somebody accepted.
    ///
    /// # Errors
    /// What the database says.
    pub async fn findings_of_hub(&self, viewer: &Viewer) -> Result<Vec<Finding>> {
        let hub = &self.inner.hub;
        let (all, mut accepted) = ask_reader!(self, shown, db, {
            let standing = standing::find(db, hub, (hub.settings.clock)()).await?;
            Ok((standing, accepted(db).await?))
        })?;
        let seen = all.iter().filter(|one| one.is_seen(viewer.region()));
        Ok(seen.map(|one| told(one, accepted.remove(&one.key))).collect())
    }

    /// Looks at everything, so that who asks does not wait for it and pages can say how much there is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn review(&self, today: Date) -> Result<()> {
        let nobody = Viewer::new(crate::Role::Viewer, Region::All);
        self.reviewed(&nobody, today, |_, _| ()).await
    }

    /// As [`Self::review`], once somebody has looked.
    ///
    /// # Errors
    /// What the database says.
    pub async fn review_again(&self, today: Date) -> Result<()> {
        let is_known = self.inner.reviewed.lock().await.is_some();
        if is_known { self.review(today).await } else { Ok(()) }
    }

    /// How much there was to look at when somebody last looked.
    pub(super) async fn pressing(&self, viewer: &Viewer) -> u64 {
        let reviewed = self.inner.reviewed.lock().await.clone();
        reviewed.map_or(0, |reviewed| reviewed.pressing(viewer))
    }

    async fn reviewed<T>(
        &self,
        viewer: &Viewer,
        today: Date,
        tell: impl FnOnce(&Reviewed, &Scope<'_>) -> T + Send,
    ) -> Result<T> {
        let (index, mut reading) = self.at_head().await?;
        let (db, hub) = (&mut reading.db, &self.inner.hub);
        let standing = standing::find(db, hub, (hub.settings.clock)()).await?;
        let accepted = accepted(db).await?;
        reading.done().await?;
        let mut last = self.inner.reviewed.lock().await;
        let same = last.take().map(|last| Arc::clone(&last.findings));
        let same = same.filter(|same| same.rev == index.rev() && same.today == today);
        let findings =
            same.unwrap_or_else(|| Arc::new(Findings::look(&index, (&hub.rules, &hub.pages), today)));
        let reviewed = Arc::new(Reviewed { findings, standing, accepted });
        *last = Some(Arc::clone(&reviewed));
        drop(last);
        Ok(tell(&reviewed, &self.scope(&index, viewer)))
    }

    /// Notes that `who` looked at these findings and leaves them as they are, or (`note` is `None`) that they count again.
    /// Either all are the viewer's to decide, or nothing is done.
    ///
    /// # Errors
    /// [`Denied`]
    pub async fn accept(
        &self,
        (viewer, who): (&Viewer, &str),
        today: Date,
        keys: &BTreeSet<String>,
        note: Option<&str>,
    ) -> std::result::Result<usize, Denied> {
        let wanted = |reviewed: &Reviewed, _: &Scope<'_>| {
            let seen = reviewed.of(viewer).into_iter();
            let named = seen.map(|one| (HEXLOWER.encode(one.key()), one.sort().1));
            named.filter(|(key, _)| keys.contains(key)).collect::<BTreeMap<_, _>>()
        };
        let found = self.reviewed(viewer, today, wanted).await?;
        if found.len() != keys.len() || found.is_empty() {
            return Err(Denied::Missing);
        }
        if !viewer.decides() {
            return Err(Denied::Role);
        }
        let count = found.len();
        let note = note.map(|note| sites::visible(note.trim()));
        self.ask(Accept { found, who: sites::visible(who), note }).await?;
        Ok(count)
    }
}

async fn accepted(db: &mut Db) -> Result<HashMap<[u8; 16], Accepted>> {
    let mut accepted = HashMap::new();
    for row in db.find(ACCEPTED, &[]).await? {
        let key = HEXLOWER.decode(row.text(0)?.as_bytes()).ok().and_then(|key| key.try_into().ok());
        let (who, note) = (row.text(2)?.to_owned(), row.text(3)?.to_owned());
        if let Some(key) = key {
            accepted.insert(key, Accepted { who, note, at_ms: row.int(4)? });
        }
    }
    Ok(accepted)
}

/// Keeps, or takes back, that somebody looked at findings.
struct Accept {
    found: BTreeMap<String, Kind>,
    who: String,
    note: Option<String>,
}

#[async_trait]
impl Job for Accept {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for (key, kind) in &self.found {
            *kinds.entry(kind.word()).or_default() += 1;
            match &self.note {
                None => desk.db.remove(ACCEPTED, &[vec![text(key)]]).await?,
                Some(note) => {
                    let said = [text(key), text(kind.word()), text(&self.who), text(note)];
                    let row = said.into_iter().chain([Value::Int(desk.now_ms)]).collect();
                    desk.db.put(ACCEPTED, &[row]).await?;
                }
            }
        }
        let what: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} ({count})")).collect();
        let note = self.note.iter().filter(|note| !note.is_empty()).map(|note| format!(": {note}"));
        let what = what.join(", ") + &note.collect::<String>();
        let action = if self.note.is_some() { "finding_accept" } else { "finding_reopen" };
        engine::audit(desk, &self.who, action, &what).await
    }
}
