//! Files that have rows in common because one was once copied from the other, whoever sent them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use merge::{
    ColumnId, Identity, Kinship, LocalId, LocalRow, Region, Rules, ShadowRow, TableId, TableRules,
    natural_key, region,
};
use model::{Gid, Value};

use super::{
    branch::{self, Ids, Look, equal, speaks_of},
    by_id::{by_id, rows_of},
    choose::Base,
    lineage::{self, Kind, Lineage},
    push::strangers,
    rows,
    shadow::{self, Shadow, Wanted},
};
use crate::{Result, desk::Desk};

/// So many copies of one file are looked at for the rows that each of them may have taken along.
const COPIES_MAX: usize = 16;
/// So many lineages of one PC are looked at where any may be the relative of a file.
const NEWEST: usize = 8;

/// What files last held under the ids that a file has or names.
pub(super) async fn shadows<'l>(
    desk: &mut Desk<'_>,
    look: &Look<'_>,
    of: impl Iterator<Item = &'l Lineage>,
) -> Result<Vec<Shadow>> {
    let (mut shadows, ids) = (Vec::new(), ids_of(look));
    for lineage in of {
        let mut shadow = shadow::some(desk.db, look.rules, lineage, &ids).await?;
        look.forgotten.lift(&look.file.merged, &mut shadow);
        shadows.push(shadow);
    }
    Ok(shadows)
}

/// Ids of the file's rows and of those that they refer to: rows of copies are only looked for under these.
fn ids_of(look: &Look<'_>) -> Wanted {
    let mut ids = Wanted::new();
    for (table, rows) in &look.file.merged {
        ids.entry(*table).or_default().extend(rows.iter().map(|row| row.id.clone()));
        for (column, to) in look.rules[*table].references() {
            let named = rows.iter().filter_map(|row| LocalId::of(row.cells[column.0].as_ref()?));
            ids.entry(to.table).or_default().extend(named);
        }
    }
    ids
}

/// A hand-out and files that are or were copies of it, as their marks say, whoever sent them.
pub(super) async fn of_tag(desk: &mut Desk<'_>, tag: &str) -> Result<Vec<Lineage>> {
    let mut kin: Vec<_> = lineage::named(desk.db, tag).await?.into_iter().collect();
    for of in ["root", "of_tag"] {
        kin.extend(lineage::with(desk.db, of, tag).await?);
    }
    kin.sort_by_key(|lineage| lineage.number);
    kin.dedup();
    Ok(kin)
}

/// A shadow, and the rows beyond it that the file and copies of it have in common: equal ones, and those that were only
/// edited but say which they are; none that says another region.
pub(super) fn together(look: &Look<'_>, mut shadow: Shadow, copies: &[Shadow]) -> Shadow {
    if copies.is_empty() {
        return shadow;
    }
    let copies: Vec<Shadow> = copies.iter().map(|copy| of_region(look, copy)).collect();
    let mut ids = Ids::of(look, &shadow);
    for table in look.order {
        let Some(rows) = look.file.merged.get(table) else { continue };
        let (rule, known) = (&look.rules[*table], shadow.entry(*table).or_default());
        let by_itself = stands_alone(look.rules, *table) || !rule.natural_key.is_empty();
        let mut found: BTreeMap<LocalId, ShadowRow> = BTreeMap::new();
        for copied in copies.iter().filter_map(|copy| copy.get(table)).flatten() {
            let is_new = by_id(known, &copied.id).is_none();
            let (true, Some(row)) = (is_new, by_id(rows, &copied.id)) else { continue };
            // Of what hangs on others only all that tells, together, says which it is.
            let says = if by_itself { edited(look, rule, copied, row) } else { rule.telling.len() > 1 };
            if let Some(one) = says.then(|| branch::one(&ids, *table, copied, row)).flatten() {
                found.entry(copied.id.clone()).or_insert(one);
            }
        }
        found.values().for_each(|row| ids.knows(*table, row));
        known.extend(found.into_values().map(Arc::new));
        known.sort_by(|a, b| a.id.cmp(&b.id));
    }
    branch::begin(look, &shadow, &copies.iter().collect::<Vec<_>>())
}

/// Without rows that say another region.
fn of_region(look: &Look<'_>, shadow: &Shadow) -> Shadow {
    let own =
        |table: TableId, row: &ShadowRow| strangers::may_be_of(&look.rules[table], look.region, &row.cells);
    let rows =
        |table, rows: &Vec<Arc<ShadowRow>>| rows.iter().filter(|row| own(table, row)).cloned().collect();
    shadow.iter().map(|(table, of_table)| (*table, rows(*table, of_table))).collect()
}

/// Whether a row speaks, by a number that somebody gave or by all of its own that tells which it is, of what is known
/// under its id.
fn edited(look: &Look<'_>, rule: &TableRules, known: &ShadowRow, row: &LocalRow) -> bool {
    let mut own = rule.telling.iter().filter(|column| rule[**column].reference.is_none());
    let equal = |column: &ColumnId| known.cells[column.0] == row.cells[column.0];
    let like = Identity::of(rule, &known.cells, &row.cells) == Identity::Equal
        || own.all(equal) && speaks_of(rule, known, row);
    like && of_one_region(look, rule, known, row)
}

/// A row of another region it is not, however alike they are.
fn of_one_region(look: &Look<'_>, rule: &TableRules, known: &ShadowRow, row: &LocalRow) -> bool {
    let own = match look.region {
        Region::Named(own) if rule.region_columns().0.is_some() => Some(own.as_str()),
        _ => None,
    };
    let ours = region::said(rule, &row.cells).or(own);
    region::said(rule, &known.cells).zip(ours).is_none_or(|(theirs, ours)| theirs == ours)
}

/// How one may see that rows of a file are those of a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// By what stands for itself: people.
    Alone,
    /// By what hangs on rows that a natural key names: on a vehicle of this plate.
    Named,
    /// By what hangs on rows that both files know.
    Known,
}

impl Sign {
    fn is_of(self, rules: &Rules, table: TableId) -> bool {
        match self {
            Self::Alone => stands_alone(rules, table),
            Self::Named => is_named_by_parent(rules, table),
            Self::Known => !stands_alone(rules, table) && !is_named_by_parent(rules, table),
        }
    }
}

/// Files that one has rows in common with because one may be a copy of the other, whoever sent them.
pub(super) struct Relatives {
    /// The likeliest.
    pub best: Lineage,
    /// Those of which it is certain enough to act on, the likeliest first: `best`, unless there is none.
    pub copies: Vec<Lineage>,
}

/// `beyond`: files that are kin to this one by what the file has beyond it.
pub(super) async fn relatives(
    desk: &mut Desk<'_>,
    look: &Look<'_>,
    beyond: Option<&Base>,
) -> Result<Option<Relatives>> {
    let nothing = Shadow::new();
    let known = beyond.map_or(&nothing, |base| &base.shadow);
    let new = |table: TableId, row: &&LocalRow| {
        let known = by_id(rows_of(known, table), &row.id);
        known.is_none_or(|known| !speaks_of(&look.rules[table], known, row))
    };
    let ids = Ids::of(look, known);
    let mut all = lineage::all(desk.db).await?;
    let handed_out = all.iter().filter(|lineage| lineage.kind == Kind::HandedOut);
    let handed_out: HashSet<String> = handed_out.map(|lineage| lineage.name.clone()).collect();
    let newest = newest(&all);
    all.retain(|of| newest.contains(&of.number) && beyond.is_none_or(|base| base.pc.id != of.pc));
    let mut likeliest = None;
    // Where people tell nothing, other rows do.
    for sign in [Sign::Alone, Sign::Named, Sign::Known] {
        let rows = look.file.merged.iter().filter(|(table, _)| sign.is_of(look.rules, **table));
        let rows = rows.map(|(table, rows)| (*table, rows.iter().filter(|row| new(*table, row)).collect()));
        let rows: Vec<(TableId, Vec<&LocalRow>)> =
            rows.filter(|(_, rows): &(_, Vec<_>)| !rows.is_empty()).collect();
        if rows.is_empty() || sign == Sign::Known && beyond.is_none() {
            continue;
        }
        let mut ranked = Vec::new();
        // One vehicle or day in common says little: a file without a mark was copied from one without, not from a file of the
        // hub's, whose numbers the hub gave.
        let met = |of: &&Lineage| sign == Sign::Alone || !handed_out.contains(of.root());
        for lineage in all.iter().filter(met) {
            let (copy, count) = likeness(desk, (look, &ids), lineage, (sign, &rows)).await?;
            if count > 0 && (copy || sign != Sign::Known) {
                // Of equal ones the newest; a file without a mark was copied from one without.
                ranked.push(((copy, count, !handed_out.contains(lineage.root()), lineage.number), lineage));
            }
        }
        ranked.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let copies = ranked.iter().filter(|((copy, ..), _)| *copy).take(COPIES_MAX);
        let copies: Vec<Lineage> = copies.map(|(_, lineage)| (*lineage).clone()).collect();
        if let Some(best) = copies.first() {
            return Ok(Some(Relatives { best: best.clone(), copies }));
        }
        likeliest = likeliest.or_else(|| ranked.first().map(|(_, best)| (*best).clone()));
    }
    Ok(likeliest.map(|best| Relatives { best, copies: Vec::new() }))
}

/// Of each PC the newest lineages, by their numbers: what it holds, older ones held. The rest would only take time.
fn newest(all: &[Lineage]) -> HashSet<i64> {
    let mut of_pc: HashMap<i64, Vec<&Lineage>> = HashMap::new();
    for lineage in all {
        of_pc.entry(lineage.pc).or_default().push(lineage);
    }
    let newest = of_pc.into_values().flat_map(|mut lineages| {
        lineages.sort_by_key(|lineage| std::cmp::Reverse(lineage.used.max(lineage.number)));
        lineages.into_iter().take(NEWEST).map(|lineage| lineage.number)
    });
    newest.collect()
}

/// Whether these rows are those of a copy of a file, and how many it has in common with it.
async fn likeness(
    desk: &mut Desk<'_>,
    (look, ids): (&Look<'_>, &Ids<'_>),
    lineage: &Lineage,
    (sign, rows): (Sign, &[(TableId, Vec<&LocalRow>)]),
) -> Result<(bool, usize)> {
    let rules = look.rules;
    let (mut kinship, mut like) = (Kinship::default(), 0);
    for (table, rows) in rows {
        let (rule, ids_of) = (&rules[*table], rows.iter().map(|row| row.id.clone()).collect());
        let mut theirs = shadow::under(desk.db, rules, lineage, (*table, &ids_of)).await?;
        let file = rows_of(&look.file.merged, *table);
        theirs.iter_mut().for_each(|row| look.forgotten.lift_row(by_id(file, &row.id), row));
        let theirs: HashMap<LocalId, ShadowRow> =
            theirs.into_iter().map(|row| (row.id.clone(), row)).collect();
        let met = || {
            let met = rows.iter().filter_map(|row| Some((*row, theirs.get(&row.id)?)));
            met.filter(|(row, known)| of_one_region(look, rule, known, row))
        };
        let parents =
            if sign == Sign::Named { names(desk, look, lineage, *table).await? } else { Names::new() };
        let equal = |(row, known): &(&LocalRow, &ShadowRow)| match sign {
            Sign::Alone => edited(look, rule, known, row),
            Sign::Named => {
                edited(look, rule, known, row) && hang_on_one_name(look, &parents, *table, (known, row))
            }
            Sign::Known => equal(rule, &known.cells, &row.cells) && ids.refers_alike(*table, known, row),
        };
        if sign == Sign::Alone {
            let rows: Vec<LocalRow> = met().map(|(row, _)| row.clone()).collect();
            kinship = kinship.and(Kinship::of(rule, &rows, &theirs));
            like += met().filter(|(row, known)| speaks_of(rule, known, row)).count();
        } else {
            let equal = met().filter(equal).count();
            kinship = kinship.and(Kinship { equal, different: met().count() - equal });
        }
    }
    let copy = kinship.is_copy() || kinship.different == 0 && like > 0;
    Ok((copy, kinship.equal + if copy { like } else { 0 }))
}

/// Natural keys of a lineage's rows.
type Names = HashMap<Gid, Vec<Value>>;

/// What names the rows that those of a table hang on.
async fn names(desk: &mut Desk<'_>, look: &Look<'_>, lineage: &Lineage, table: TableId) -> Result<Names> {
    let mut names = Names::new();
    for (_, to) in look.rules[table].references() {
        for row in shadow::of_table(desk.db, look.rules, lineage, to.table).await? {
            names.extend(natural_key(&look.rules[to.table], &row.cells).map(|name| (row.gid, name)));
        }
    }
    Ok(names)
}

fn hang_on_one_name(
    look: &Look<'_>,
    theirs: &Names,
    table: TableId,
    (known, row): (&ShadowRow, &LocalRow),
) -> bool {
    let rule = &look.rules[table];
    let mut needed = rule.references().filter(|(column, _)| rule[*column].not_null);
    needed.all(|(column, to)| {
        let theirs = known.cells[column.0].as_ref().and_then(Gid::of).and_then(|gid| theirs.get(&gid));
        let id = row.cells[column.0].as_ref().and_then(LocalId::of);
        let parent = id.and_then(|id| by_id(rows_of(&look.file.merged, to.table), &id));
        let ours = parent.and_then(|parent| natural_key(&look.rules[to.table], &parent.cells));
        theirs.is_some() && theirs == ours.as_ref()
    })
}

/// Rows of such a table hang on one whose natural key tells which it is.
fn is_named_by_parent(rules: &Rules, table: TableId) -> bool {
    let rule = &rules[table];
    let parents = rule.references().filter(|(column, _)| rule[*column].not_null).map(|(_, to)| to.table);
    let (named, nameless): (Vec<_>, Vec<_>) =
        parents.partition(|parent| !rules[*parent].natural_key.is_empty());
    rule.natural_key.is_empty() && !named.is_empty() && nameless.is_empty()
}

/// Only such tables tell [`Kinship`] anything.
fn stands_alone(rules: &Rules, table: TableId) -> bool {
    let rule = &rules[table];
    rule.natural_key.is_empty() && !rule.references().any(|(column, _)| rule[column].not_null)
}

/// The rows of a shadow as the hub has them now, and which of them are dead: a copy of what was deleted is not a new row.
pub(super) async fn today(desk: &mut Desk<'_>, shadow: Shadow) -> Result<(Shadow, HashSet<Gid>)> {
    let (mut now, mut dead) = (Shadow::new(), HashSet::new());
    for (table, shadow) in shadow {
        let gids: Vec<_> = shadow.iter().map(|row| row.gid).collect();
        let found = rows::rows_of(desk.db, &desk.hub.rules, table, &gids).await?;
        dead.extend(found.iter().filter(|row| !row.lives()).map(|row| row.gid));
        let found: HashMap<_, _> = found.into_iter().map(|row| (row.gid, row)).collect();
        let rows = shadow
            .into_iter()
            .filter_map(|row| Some(Arc::new(rows::as_shadow(row.id.clone(), found.get(&row.gid)?.clone()))));
        now.insert(table, rows.collect());
    }
    Ok((now, dead))
}
