//! What a file is compared with: which lineage it goes on, or that it is met for the first time.
//!
//! A tag says which root it comes from. If it goes on from none of the root's branches (see [`branch`]) it was restored
//! from a copy, or copied to a second PC: it becomes a branch of its own, and from then on nothing is concluded from what
//! files of this root lack, until a new one is handed out.

use std::collections::{BTreeMap, HashSet};

use merge::{Age, TableId};
use model::{Gid, Rev};
use replica::office_file::OfficeFile;

use super::{
    branch::{self, Branch, Look, Standing},
    evidence::{self, Evidence},
    fit::{Fit, fit},
    forgotten::Forgotten,
    kin::{self, Relatives},
    lineage::{self, Kind, Lineage, Pc},
    shadow::{self, Pieces, Shadow},
};
use crate::{Device, Result, desk::Desk, sites, uploads::Mark};

/// Files of one root that are told apart.
const BRANCHES_MAX: usize = 32;

/// What a file is compared with.
pub(super) struct Base {
    /// Goes on with this file.
    pub lineage: Lineage,
    /// Of a branch that begins with this file.
    pub root: Option<Lineage>,
    pub pc: Pc,
    /// Of the lineage, before the file.
    pub shadow: Shadow,
    pub way: Way,
    pub odd: Option<Odd>,
    /// Of what the file says about rows that it goes on from.
    pub age: Age,
    /// Branches that give way to this one.
    pub gone: Vec<Lineage>,
    /// Of the PC, before the file.
    pub last_ids: BTreeMap<TableId, i64>,
    /// What is not taken, nor kept, of what the file says.
    pub forgotten: Forgotten,
}

pub(super) enum Way {
    Continue(Evidence),
    /// First contact. `relative`: rows of the file that this may be a copy of, as the hub has them now.
    Meet {
        relative: Shadow,
        dead: HashSet<Gid>,
        copy: bool,
    },
}

/// What is odd about a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// It was changed less often than one that came before.
    Older,
    /// Ids hold something else than they did, or rows came back.
    Doubled,
    /// It bears the tag of another site's file.
    Copied,
}

impl Odd {
    /// As it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Older => "older_file",
            Self::Doubled => "doubled_file",
            Self::Copied => "copy",
        }
    }

    pub fn read(word: &str) -> Option<Self> {
        [Self::Older, Self::Doubled, Self::Copied].into_iter().find(|odd| odd.word() == word)
    }
}

/// A file beside one that it may go on from.
struct Compared {
    lineage: Lineage,
    shadow: Shadow,
    fit: Fit,
    standing: Standing,
}

pub(super) async fn choose(
    desk: &mut Desk<'_>,
    device: &Device,
    file: &OfficeFile,
    mark: &Mark,
) -> Result<Base> {
    let (rules, order) = (&desk.hub.rules, &desk.hub.order.tables);
    let forgotten = Forgotten::load(desk.db, rules).await?;
    let base = chosen(
        desk,
        device,
        &Look { rules, order, region: &device.region, file, forgotten: &forgotten },
        mark,
    )
    .await?;
    Ok(Base { forgotten, ..base })
}

async fn chosen(desk: &mut Desk<'_>, device: &Device, look: &Look<'_>, mark: &Mark) -> Result<Base> {
    let (known, file) = (lineage::of_site(desk.db, device.site).await?, look.file);
    let mut best: Option<((bool, usize), Family)> = None;
    for root in roots(desk, device, &known, file.tag.as_deref()).await? {
        let family = Family::load(desk, look, (root, &known), mark).await?;
        // What all offices share fits everywhere: the file goes on from what it has most in common with.
        if let Some(rank) = family.rank(device.shared)
            && best.as_ref().is_none_or(|(most, _)| rank > *most)
        {
            best = Some((rank, family));
        }
    }
    let mut base = match best {
        Some(((true, _), family)) => family.go_on(desk, device, look).await?,
        Some(((false, _), family)) => family.fork(desk, device, look).await?,
        None => return meet(desk, device, look, &known).await,
    };
    match &file.tag {
        Some(tag) => {
            let mut copies = kin::of_tag(desk, tag).await?;
            // Branches of its own root are told apart already, those of this site.
            copies.retain(|copy| copy.root() != base.lineage.root() || copy.site != base.lineage.site);
            let copies = kin::shadows(desk, look, copies.iter()).await?;
            base.shadow = kin::together(look, base.shadow, &copies);
        }
        // Who took a file went on from that one: this may be the file of another PC.
        None => {
            if device.shared && base.pc.handed.is_some() {
                base.shadow = branch::doubted(look, base.shadow);
            }
            match kin::relatives(desk, look, Some(&base)).await? {
                Some(relatives) if !relatives.copies.is_empty() => {
                    let copies = kin::shadows(desk, look, relatives.copies.iter()).await?;
                    base.shadow = kin::together(look, branch::of_this(look, base.shadow, &copies), &copies);
                }
                // It is none of the PCs that it seemed to be.
                Some(_) if device.shared => return meet(desk, device, look, &known).await,
                _ => {}
            }
        }
    }
    Ok(base)
}

/// Roots that the file may come from, best first.
pub(super) async fn roots(
    desk: &mut Desk<'_>,
    device: &Device,
    known: &[Lineage],
    tag: Option<&str>,
) -> Result<Vec<Lineage>> {
    if let Some(tag) = tag
        && let Some(root) = lineage::named(desk.db, tag).await?
        && root.kind == Kind::HandedOut
        && (root.site == device.site || device.shared && sites::is_shared(desk.db, root.site).await?)
    {
        // Behind a shared key it is not always known whose file was asked for.
        return Ok(vec![root]);
    }
    let met = |lineage: &&Lineage| lineage.kind == Kind::Met && lineage.of_tag.as_deref() == tag;
    let mut met: Vec<_> = known.iter().filter(met).cloned().collect();
    met.sort_by_key(|lineage| std::cmp::Reverse(lineage.number));
    Ok(met)
}

/// A root with its branches, newest first, beside a file.
struct Family {
    root: Compared,
    branches: Vec<Compared>,
}

impl Family {
    async fn load(
        desk: &mut Desk<'_>,
        look: &Look<'_>,
        (root, known): (Lineage, &[Lineage]),
        mark: &Mark,
    ) -> Result<Self> {
        let mut pieces = Pieces::new();
        let mut shadow = shadow::whole(desk.db, look.rules, &root, &mut pieces).await?;
        look.forgotten.lift(&look.file.merged, &mut shadow);
        let used = lineage::last_ids(desk.db, look.rules, root.number).await?;
        let aside = lineage::aside(desk.db, look.rules, &root.name).await?;
        let fit_root = fit(look, &shadow, &used, &aside);
        let older = mark.counter.is_some_and(|counter| counter < root.counter);
        let standing = Standing { goes_on: !older, older, ..Standing::default() };
        let root = Compared { lineage: root, shadow, fit: fit_root, standing };
        let mut branches: Vec<&Lineage> =
            known.iter().filter(|branch| branch.root.as_deref() == Some(&root.lineage.name)).collect();
        branches.sort_by_key(|branch| std::cmp::Reverse(branch.number));
        let mut family = Self { root, branches: Vec::new() };
        for branch in branches {
            family.branches.push(family.compare(desk, look, branch, (mark, &mut pieces)).await?);
        }
        Ok(family)
    }

    async fn compare(
        &self,
        desk: &mut Desk<'_>,
        look: &Look<'_>,
        lineage: &Lineage,
        (mark, pieces): (&Mark, &mut Pieces),
    ) -> Result<Compared> {
        let rules = look.rules;
        let mut shadow = shadow::whole(desk.db, rules, lineage, pieces).await?;
        look.forgotten.lift(&look.file.merged, &mut shadow);
        let used = lineage::last_ids(desk.db, rules, lineage.number).await?;
        let aside = lineage::aside(desk.db, rules, &lineage.name).await?;
        let branch = Branch {
            root: &self.root.shadow,
            now: &shadow,
            used: &used,
            aside: &aside,
            counter: lineage.counter,
            content: lineage.content.as_deref(),
        };
        let standing = branch::standing(look, &branch, mark);
        let fit = fit(look, &shadow, &used, &aside);
        Ok(Compared { lineage: lineage.clone(), shadow, fit, standing })
    }

    /// The branch that the file goes on from.
    fn best(&self, shared: bool) -> Option<usize> {
        let fits = |compared: &Compared| {
            let empty = compared.shadow.values().all(Vec::is_empty);
            let fits = compared.fit.other == 0 && (compared.fit.same > 0 || empty);
            let tagged = self.root.lineage.kind == Kind::HandedOut;
            compared.standing.goes_on && (!shared || tagged || fits)
        };
        let found = self.branches.iter().enumerate().filter(|(_, branch)| fits(branch));
        // Of equal ones the newest.
        found.max_by_key(|(at, branch)| (branch.standing.kept, std::cmp::Reverse(*at))).map(|(at, _)| at)
    }

    /// Whether the file comes from this root, though from no branch of it. A tag says so.
    fn holds(&self) -> bool {
        let Compared { lineage, shadow, fit, standing } = &self.root;
        let empty = shadow.values().all(Vec::is_empty);
        let fits = fit.other == 0 && fit.low == 0 && (fit.same > 0 || empty);
        match lineage.kind {
            Kind::HandedOut => true,
            Kind::Met | Kind::Branch => standing.goes_on && fits,
        }
    }

    /// Whether the file goes on from one that is known, and how much it has in common with it; `None`: it does not come
    /// from this root.
    fn rank(&self, shared: bool) -> Option<(bool, usize)> {
        if let Some(at) = self.best(shared) {
            return Some((true, self.branches[at].fit.same));
        }
        let first = self.branches.is_empty();
        // Without tags a site with its own token is one PC, although its ids may hold something else.
        let one = !shared && self.root.lineage.kind == Kind::Met;
        let goes_on = first && !(one && self.root.standing.older);
        (one || self.holds()).then_some((goes_on, self.root.fit.same))
    }

    async fn go_on(mut self, desk: &mut Desk<'_>, device: &Device, look: &Look<'_>) -> Result<Base> {
        let (file, many) = (look.file, self.branches.len() > 1);
        let Some(at) = self.best(device.shared) else {
            return self.first(desk, device, file).await;
        };
        // The same is told of all branches of a root.
        let known = self.branches.iter().find_map(|branch| branch.lineage.odd);
        let doubled = if many { known.or(Some(Odd::Doubled)) } else { known };
        let Compared { lineage, shadow, fit, standing } = self.branches.swap_remove(at);
        // What another branch had from this file (as one that looked like another PC's) is not new.
        let others: Vec<&Shadow> = self.branches.iter().map(|branch| &branch.shadow).collect();
        let shadow = branch::begin(look, &shadow, &others);
        let left = lineage::left(desk.db, &lineage.name).await?;
        let shadow = branch::unsure(look, (&self.root.shadow, shadow), &left, standing.doubtful);
        let tagged = self.root.lineage.kind == Kind::HandedOut;
        let odd = doubled.or_else(|| fit.odd().filter(|_| tagged)).filter(|_| !device.shared);
        // Of what may be another PC's nothing is concluded from what it lacks.
        let sure = !many && !standing.doubtful && fit.is_mostly_this();
        let root = Some(&self.root.shadow).filter(|_| tagged);
        let evidence = evidence::of(desk, (device, &lineage), file, (root, odd, sure)).await?;
        let way = Way::Continue(evidence);
        Base::new(desk, (lineage, None), shadow, (way, odd)).await
    }

    /// The first file that goes on from a root.
    async fn first(self, desk: &mut Desk<'_>, device: &Device, file: &OfficeFile) -> Result<Base> {
        let Compared { lineage: root, shadow, fit, .. } = self.root;
        let tagged = root.kind == Kind::HandedOut;
        let odd = fit.odd().filter(|_| tagged && !device.shared);
        let known = Some(&shadow).filter(|_| tagged);
        let evidence = evidence::of(desk, (device, &root), file, (known, odd, fit.is_mostly_this())).await?;
        let branch = new_branch(desk, device, &root, (1, None)).await?;
        Base::new(desk, (branch, Some(root)), shadow, (Way::Continue(evidence), odd)).await
    }

    /// A root of its own: the file is of before the one that was met first.
    async fn before(
        self,
        desk: &mut Desk<'_>,
        device: &Device,
        look: &Look<'_>,
        shadow: Shadow,
    ) -> Result<Base> {
        let lineage = met(desk, device, self.root.lineage.pc, look.file);
        let odd = (!device.shared).then_some(Odd::Older);
        let way = Way::Continue(Evidence::Never);
        let shadow = branch::of_before(look, shadow);
        let mut base = Base::new(desk, (lineage, None), shadow, (way, odd)).await?;
        base.age = Age::Unknown;
        Ok(base)
    }

    /// A further branch: the file goes on from the root, but from none of its branches.
    async fn fork(self, desk: &mut Desk<'_>, device: &Device, look: &Look<'_>) -> Result<Base> {
        let others: Vec<&Shadow> = self.branches.iter().map(|branch| &branch.shadow).collect();
        let shadow = branch::begin(look, &self.root.shadow, &others);
        if self.root.standing.older && self.root.lineage.kind == Kind::Met {
            return self.before(desk, device, look, shadow).await;
        }
        let older = self.branches.first().is_some_and(|branch| branch.standing.older);
        let odd = if older { Odd::Older } else { Odd::Doubled };
        let odd = (!device.shared).then_some(odd);
        let root = self.root.lineage;
        let number = self.branches.iter().filter_map(|branch| branch.lineage.of_root()).max().unwrap_or(0);
        let branch = new_branch(desk, device, &root, (number + 1, odd)).await?;
        let way = Way::Continue(Evidence::Never);
        let mut base = Base::new(desk, (branch, Some(root)), shadow, (way, odd)).await?;
        // Whichever file it is, nobody knows how old it is beside the others.
        base.age = Age::Unknown;
        // The branch that was heard of longest ago gives way.
        let mut all = self.branches;
        all.sort_by_key(|branch| branch.lineage.used);
        let surplus = all.len().saturating_sub(BRANCHES_MAX - 1);
        base.gone = all.drain(..surplus).map(|branch| branch.lineage).collect();
        Ok(base)
    }
}

impl Base {
    async fn new(
        desk: &mut Desk<'_>,
        (lineage, root): (Lineage, Option<Lineage>),
        shadow: Shadow,
        (way, odd): (Way, Option<Odd>),
    ) -> Result<Self> {
        let found = lineage::pcs(desk.db, lineage.site).await?.into_iter().find(|pc| pc.id == lineage.pc);
        let pc = found.unwrap_or_else(|| Pc::new(lineage.site, lineage.pc));
        let last_ids = lineage::last_ids(desk.db, &desk.hub.rules, pc.id).await?;
        let (gone, forgotten) = Default::default();
        Ok(Self { lineage, root, pc, shadow, way, odd, age: Age::Known, gone, last_ids, forgotten })
    }
}

pub(super) async fn new_branch(
    desk: &mut Desk<'_>,
    device: &Device,
    root: &Lineage,
    (of_root, odd): (i64, Option<Odd>),
) -> Result<Lineage> {
    // The same until it is kept: a batch that waits is known by it.
    let number = of_root.to_string();
    let site = device.site.0.to_string();
    let of_this_site = root.site == device.site;
    let name = match of_this_site {
        true => [&root.name, "+", &number].concat(),
        false => [&root.name, "~", &site, "+", &number].concat(),
    };
    let pc = if of_this_site { root.pc } else { pc(desk, device, None).await?.id };
    Ok(Lineage {
        name,
        site: device.site,
        pc,
        number: desk.meta.next_serial(),
        kind: Kind::Branch,
        root: Some(root.name.clone()),
        content: None,
        odd,
        ..root.clone()
    })
}

async fn meet(desk: &mut Desk<'_>, device: &Device, look: &Look<'_>, known: &[Lineage]) -> Result<Base> {
    let file = look.file;
    let tagged = match &file.tag {
        Some(tag) => lineage::named(desk.db, tag).await?,
        None => None,
    };
    let copied = tagged.as_ref().is_some_and(|lineage| lineage.site != device.site);
    let relatives = match (tagged, &file.tag) {
        (Some(best), Some(tag)) => Some(Relatives { copies: kin::of_tag(desk, tag).await?, best }),
        _ => kin::relatives(desk, look, None).await?,
    };
    let copy = relatives.as_ref().is_some_and(|relatives| !relatives.copies.is_empty());
    let (relative, dead) = match relatives {
        Some(Relatives { best, copies }) => {
            let others = copies.iter().filter(|copy| copy.name != best.name);
            let mut shadows = kin::shadows(desk, look, std::iter::once(&best).chain(others)).await?;
            let shadow = shadows.remove(0);
            kin::today(desk, kin::together(look, shadow, &shadows)).await?
        }
        None => <(Shadow, HashSet<Gid>)>::default(),
    };
    let of_token = known.iter().map(|lineage| lineage.pc).max().filter(|_| !device.shared);
    let pc = pc(desk, device, of_token).await?;
    let lineage = met(desk, device, pc.id, file);
    let last_ids = lineage::last_ids(desk.db, &desk.hub.rules, pc.id).await?;
    let odd = copied.then_some(Odd::Copied);
    let way = Way::Meet { relative, dead, copy };
    let (shadow, gone, forgotten) = Default::default();
    Ok(Base { lineage, root: None, pc, shadow, way, odd, age: Age::Unknown, gone, last_ids, forgotten })
}

/// A new root.
fn met(desk: &mut Desk<'_>, device: &Device, pc: i64, file: &OfficeFile) -> Lineage {
    let number = desk.meta.next_serial();
    Lineage {
        name: ["met-", &number.to_string()].concat(),
        site: device.site,
        pc,
        number,
        kind: Kind::Met,
        root: None,
        of_tag: file.tag.clone(),
        seen: Rev(0),
        counter: 0,
        content: None,
        own: 0,
        odd: None,
        used: 0,
    }
}

/// The PC of this number, or a new one.
async fn pc(desk: &mut Desk<'_>, device: &Device, id: Option<i64>) -> Result<Pc> {
    let found = lineage::pcs(desk.db, device.site).await?.into_iter();
    let mut found = found.filter(|pc| id.is_none_or(|id| id == pc.id));
    // Behind a shared key a file that fits nothing is of a PC that is not known.
    let known = if id.is_none() && device.shared { None } else { found.next() };
    Ok(match known {
        Some(pc) => pc,
        None => Pc::new(device.site, desk.meta.next_serial()),
    })
}
