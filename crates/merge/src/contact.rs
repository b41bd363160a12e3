//! First contact: a file that comes without lineage, compared with what the hub already knows.
//!
//! A row is known by the identity by which the file names it, or by its natural key, within the region that it says or
//! will be given. Else, if the file is a copy of a file that another site brought ([`Kinship::is_copy`]), by equal id
//! **and** an equal number that somebody else gave, or equal content: all telling columns, and at least one more where
//! only one tells, or everything that both say. Else it is new. Equal small ids of unrelated offices mean nothing, and
//! children follow the parents of their own file. Where denk is not sure it keeps both and says so ([`Doubt`]).
//!
//! Nobody knows how old such a file is. What it says about a known row fills what nobody ever filled there; else it loses
//! against everything that bears a stamp and is kept as the loser ([`Age::Unknown`]).

use std::collections::{HashMap, HashSet};

use model::{Rev, Value};

use crate::{
    Action, Age, Cells, ColumnId, DiffError, Doubt, Edit, FileDiff, LocalId, LocalRow, Owner, Region,
    ShadowRow, TableId, TableRules, Tally, natural_key, region, row::is_blank, same::Identity,
};

/// What a file may have in common with the hub, for one table.
#[derive(Clone, Debug, Default)]
pub struct Acquaintance {
    /// The hub's living rows by natural key, one a region.
    pub by_key: HashMap<Vec<Value>, Vec<ShadowRow>>,
    /// The rows of the site whose file this may be a copy of, by that site's ids, as the hub has them now.
    pub by_id: HashMap<LocalId, ShadowRow>,
    /// Whether it is a copy.
    pub copy: bool,
    /// Rows that the file names by their identities, by the file's ids, as the hub has them now.
    pub named: HashMap<LocalId, ShadowRow>,
}

/// How much two files agree under equal ids: rows with equal content, and rows that speak of different things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinship {
    pub equal: usize,
    pub different: usize,
}

impl Kinship {
    /// Counts one table. Only tables whose rows stand for themselves tell anything: no natural key (that is equal
    /// everywhere) and no parent (children of different people look alike).
    #[must_use]
    pub fn of(rules: &TableRules, rows: &[LocalRow], other: &HashMap<LocalId, ShadowRow>) -> Self {
        let needs_parent = rules.references().any(|(column, _)| rules[column].not_null);
        if needs_parent || !rules.natural_key.is_empty() {
            return Self::default();
        }
        let met = rows.iter().filter_map(|row| Some((row, other.get(&row.id)?)));
        let own = |column: &ColumnId| rules[*column].reference.is_none();
        met.fold(Self::default(), |sum, (row, other)| {
            let agree =
                |columns: Vec<ColumnId>| Agreement::of(rules, columns.into_iter(), &row.cells, &other.cells);
            let telling = agree(rules.telling.iter().copied().filter(own).collect());
            let named = Identity::of(rules, &other.cells, &row.cells) == Identity::Equal;
            let all = agree(rules.column_ids().filter(own).collect());
            sum.and(Self {
                equal: usize::from(all.equal > 0 && all.different == 0),
                different: usize::from(telling.different > 0 && !named),
            })
        })
    }

    /// Adds another table of the same file.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { equal: self.equal + other.equal, different: self.different + other.different }
    }

    /// More rows are equal than speak of different things (rows that were only edited count for neither).
    #[must_use]
    pub const fn is_copy(self) -> bool {
        self.equal > self.different
    }
}

/// Columns in which both contents say something.
#[derive(Clone, Copy)]
struct Agreement {
    equal: usize,
    different: usize,
}

impl Agreement {
    fn of(rules: &TableRules, columns: impl Iterator<Item = ColumnId>, a: &Cells, b: &Cells) -> Self {
        let region = rules.region_columns().0;
        let mut agreement = Self { equal: 0, different: 0 };
        for column in columns {
            let (a, b) = (&a[column.0], &b[column.0]);
            if is_blank(a.as_ref()) || is_blank(b.as_ref()) {
                continue;
            }
            match (a == b, Some(column) == region) {
                // That both are of one region says nothing about which row it is.
                (true, true) => {}
                (true, false) => agreement.equal += 1,
                (false, _) => agreement.different += 1,
            }
        }
        agreement
    }
}

impl FileDiff<'_> {
    /// Takes in one table of a file of `site` without lineage. Nothing is ever deleted by it, and from now on everything
    /// that the file says is of unknown age.
    ///
    /// # Errors
    /// As [`FileDiff::table`].
    pub fn meet(
        &mut self,
        table: TableId,
        rows: impl IntoIterator<Item = LocalRow>,
        known: &Acquaintance,
        site: &Region,
    ) -> Result<Tally, DiffError> {
        self.age = Age::Unknown;
        let rules = &self.rules[table];
        let mut tally = Tally::default();
        let named: HashSet<_> = known.named.values().map(|row| row.gid).collect();
        let mut taken = HashSet::new();
        for row in rows {
            self.check(table, &row)?;
            tally.read += 1;
            let id = row.id.clone();
            let Some((cells, later)) = self.translate(table, row) else {
                tally.set_aside += 1;
                continue;
            };
            let by_name = known.named.get(&id).filter(|met| taken.insert(met.gid));
            let found = by_name.map(|met| (met, true)).or_else(|| {
                let bearer = known.bearer(rules, &cells, site).map(|met| (met, true));
                let found = bearer.or_else(|| recognise(rules, &id, (&cells, site), known));
                found.filter(|(met, sure)| !sure || !named.contains(&met.gid) && taken.insert(met.gid))
            });
            let Some((met, true)) = found else {
                let now = self.insert(table, id.clone(), cells, later);
                tally.new += 1;
                let doubt =
                    |(met, _): (&ShadowRow, bool)| Doubt { table, id, before: met.gid, now, kept_both: true };
                self.set.doubts.extend(found.map(doubt));
                continue;
            };
            self.know(table, id.clone(), met.gid);
            self.set.learned.push((table, id, met.gid));
            let changed = self.complete(table, met, cells);
            self.defer(table, met.gid, Rev(0), Some(&met.cells), later);
            tally.changed += usize::from(changed);
            tally.unchanged += usize::from(!changed);
        }
        Ok(tally)
    }

    /// What the file says and the hub does not, or says otherwise. Blanks say nothing.
    fn complete(&mut self, table: TableId, met: &ShadowRow, cells: Cells) -> bool {
        let said = met.cells.iter().zip(cells).enumerate();
        let edits: Vec<Edit> = said
            .filter(|(_, (hub, file))| !is_blank(file.as_ref()) && *hub != file)
            .filter_map(|(at, (_, file))| Some(Edit { column: ColumnId(at), base: None, value: file? }))
            .collect();
        let changed = !edits.is_empty();
        if changed {
            self.push(table, met.gid, Rev(0), Action::Update(edits));
        }
        changed
    }
}

/// The row that this may be by its id, and whether that is certain enough to act on. A row of another region it is not,
/// however alike they are.
fn recognise<'k>(
    rules: &TableRules,
    id: &LocalId,
    (cells, site): (&Cells, &Region),
    known: &'k Acquaintance,
) -> Option<(&'k ShadowRow, bool)> {
    let met = known.by_id.get(id)?;
    let owners = [(cells, of_site(site)), (&met.cells, Owner::Nobody)];
    let [ours, theirs] = owners.map(|(cells, blank)| region::alone(rules, cells, blank));
    if let (Owner::Region(ours), Owner::Region(theirs)) = (ours, theirs)
        && ours != theirs
    {
        return None;
    }
    let all = Agreement::of(rules, rules.column_ids(), cells, &met.cells);
    let equal = all.equal > 0 && all.different == 0;
    if !known.copy {
        return equal.then_some((met, false));
    }
    let telling = Agreement::of(rules, rules.telling.iter().copied(), cells, &met.cells);
    let enough = telling.equal > 1 || telling.equal == 1 && all.equal > 1;
    let told = match Identity::of(rules, &met.cells, cells) {
        Identity::Equal => true,
        Identity::Different => false,
        Identity::Silent => enough && telling.different == 0,
    };
    Some((met, equal || told))
}

impl Acquaintance {
    /// `hub`: living rows of the hub that may bear one of the file's natural keys. `relative`: all rows of the site whose
    /// file this may be a copy of.
    #[must_use]
    pub fn new(rules: &TableRules, hub: Vec<ShadowRow>, relative: Vec<ShadowRow>, copy: bool) -> Self {
        let mut by_key: HashMap<Vec<Value>, Vec<ShadowRow>> = HashMap::new();
        for row in hub {
            if let Some(key) = natural_key(rules, &row.cells) {
                by_key.entry(key).or_default().push(row);
            }
        }
        let by_id = relative.into_iter().map(|row| (row.id.clone(), row)).collect();
        Self { by_key, by_id, copy, named: HashMap::new() }
    }

    /// The hub's row of this name in the region that the row will have. Headquarters has none to give: its row of no
    /// region is the only one of that name, or new.
    fn bearer(&self, rules: &TableRules, cells: &Cells, site: &Region) -> Option<&ShadowRow> {
        let bearers = self.by_key.get(&natural_key(rules, cells)?)?;
        let owner = region::alone(rules, cells, of_site(site));
        match &bearers[..] {
            [only] if owner == Owner::Nobody => Some(only),
            _ => bearers.iter().find(|row| region::alone(rules, &row.cells, Owner::Nobody) == owner),
        }
    }
}

/// Whose a row is that says nothing of it.
fn of_site(site: &Region) -> Owner {
    match site {
        Region::Named(region) => Owner::Region(region.clone()),
        Region::All => Owner::Nobody,
    }
}
