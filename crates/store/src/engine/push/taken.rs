//! New rows whose identity another row has.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use merge::{
    Action, Cells, Change, ColumnId, Identity, Mint as _, OnDelete, Reference, Region, Sameness, Stored,
    TableId, TableRules, sameness,
};
use model::{Gid, SiteId, Value};
use replica::codec::Stored as _;

use super::strangers;
use crate::{
    Result,
    deed::Deed,
    desk::Desk,
    engine::{history, rows},
    query::text,
    shape::{LOG, LOG_AFTER},
    tell,
};

/// Other identities of new rows, by the ones under which they were told.
type Others = HashMap<(TableId, Gid), Gid>;

/// What rows that are told again said when their site and the hub last agreed on them.
pub(in crate::engine) type Agreed = HashMap<Gid, Cells>;

/// Which new rows get another identity, as theirs is that of another row.
///
/// Two copies of one file give a row that both have, and nobody has sent yet, the same identity: there it is one row. What is
/// a stranger to the site is another one, however alike: nobody learns by guessing what another region's row says.
///
/// A row that the hub has lost and is told again (`agreed`) may have been corrected meanwhile, while another site told it as
/// it was: it is known by what was agreed on.
///
/// The other identity follows from the first and from what the row says: whoever restores a file twice tells the same rows
/// twice.
pub(in crate::engine) async fn taken(
    desk: &mut Desk<'_>,
    (site, region): (SiteId, &Region),
    (strangers, changes, agreed): (&BTreeSet<(TableId, Gid)>, &[Change], &Agreed),
) -> Result<Others> {
    let mut new: BTreeMap<TableId, Vec<(Gid, &Cells)>> = BTreeMap::new();
    for change in changes {
        if let Action::Insert(cells) = &change.action {
            new.entry(change.table).or_default().push((change.gid, cells));
        }
    }
    let gids =
        |(_, new): (&TableId, &Vec<(Gid, &Cells)>)| new.iter().map(|(gid, _)| *gid).collect::<Vec<_>>();
    let others_of = |table| new.iter().filter(move |(of, _)| **of != table).flat_map(gids).collect();
    let elsewhere = under(desk, others_of).await?;
    let (hub, mut others) = (desk.hub, Others::new());
    // What others need comes first.
    for table in &hub.order.tables {
        let Some((table, of_table)) = new.get_key_value(table) else { continue };
        let there = There::of(desk, *table, (&gids((table, of_table)), &elsewhere)).await?;
        let told: Vec<_> = of_table.iter().filter(|(gid, _)| there.has(*gid)).collect();
        if told.is_empty() {
            continue;
        }
        let (rule, became) = (&hub.rules[*table], rows::became(desk.db).await?);
        let today = |to: TableId, gid: Gid| {
            others.get(&(to, gid)).copied().unwrap_or_else(|| rows::today(&became, gid))
        };
        let another = told.into_iter().map(|(gid, cells)| Another {
            told: *gid,
            other: other(rule, *gid, region, cells),
            cells: referring(rule, cells, today),
            agreed: agreed.get(gid).map(|agreed| referring(rule, agreed, today)),
        });
        let mut another: Vec<Another> = another.collect();
        another.retain(|row| strangers.contains(&(*table, row.told)) || !there.is(rule, row.told, row));
        drop(there);
        let was = was(desk, *table, &another).await?;
        let today = |_, gid: Gid| rows::today(&became, gid);
        another.retain(|row| strangers.contains(&(*table, row.told)) || !row.was(rule, &was, today));
        settle(desk, (site, region), *table, &mut another).await?;
        others.extend(another.into_iter().map(|row| ((*table, row.told), row.other)));
    }
    Ok(others)
}

/// A new row under an identity that another row has.
struct Another {
    told: Gid,
    other: Gid,
    /// References as they go by today.
    cells: Cells,
    /// The same, of what was agreed on.
    agreed: Option<Cells>,
}

impl Another {
    /// Whether it is this row. The same number in a restored file may be another person of that family by now: only what is
    /// named exactly alike is one row, as whoever is lost is worse than whoever is there twice.
    fn is(&self, rule: &TableRules, row: &Cells) -> bool {
        is_alike(rule, row, &self.cells)
            || self.agreed.as_ref().is_some_and(|agreed| is_again(rule, row, agreed))
    }

    /// Whether the hub's row once said what was agreed on: another site has told it already, and corrected it.
    fn was(
        &self,
        rule: &TableRules,
        was: &HashMap<Gid, Vec<Cells>>,
        today: impl Fn(TableId, Gid) -> Gid,
    ) -> bool {
        let mut was = was.get(&self.told).into_iter().flatten().map(|cells| referring(rule, cells, &today));
        was.any(|cells| self.agreed.as_ref().is_some_and(|agreed| is_again(rule, &cells, agreed)))
    }
}

/// What rows said before under the identities of those that are told again. The history has no index of rows: this is asked
/// for what two offices tell at once, one of which has corrected it.
async fn was(desk: &mut Desk<'_>, table: TableId, another: &[Another]) -> Result<HashMap<Gid, Vec<Cells>>> {
    let again = another.iter().filter(|row| row.agreed.is_some()).map(|row| row.told.into());
    let (again, rule) = (again.collect::<Vec<Value>>(), &desk.hub.rules[table]);
    let mut was: HashMap<Gid, Vec<Cells>> = HashMap::new();
    for line in desk.db.find_any(LOG, &[("table_name", text(&rule.name))], "gid", again).await? {
        if let (true, Some(said)) = (Deed::of(&line)?.is_change(), tell::json(&line, LOG_AFTER)?) {
            was.entry(Gid::from_uuid(line.uuid(1)?)).or_default().push(history::cells(rule, &said, &[])?);
        }
    }
    Ok(was)
}

fn is_alike(rule: &TableRules, row: &Cells, told: &Cells) -> bool {
    let is_named = rule.telling.iter().all(|column| row[column.0] == told[column.0]);
    is_named && is_needing(rule, row, told) && sameness(rule, row, told) == Sameness::Same
}

/// Whether a row is the one that was agreed on. Where another site has corrected its name already, a number that somebody
/// gave tells it.
fn is_again(rule: &TableRules, row: &Cells, agreed: &Cells) -> bool {
    is_alike(rule, row, agreed)
        || is_needing(rule, row, agreed) && Identity::of(rule, row, agreed) == Identity::Equal
}

/// Whether both hang on the same rows.
fn is_needing(rule: &TableRules, row: &Cells, told: &Cells) -> bool {
    needed(rule).all(|column| row[column.0] == told[column.0])
}

/// Where the other identity is a third row's, too, or one that the region was not shown, it gets one that nobody has.
async fn settle(
    desk: &mut Desk<'_>,
    (site, region): (SiteId, &Region),
    table: TableId,
    another: &mut [Another],
) -> Result<()> {
    let rule = &desk.hub.rules[table];
    let others = || another.iter().map(|row| row.other);
    let gids: Vec<Gid> = others().collect();
    let elsewhere = under(desk, |of| if of == table { Vec::new() } else { gids.clone() }).await?;
    let there = There::of(desk, table, (&gids, &elsewhere)).await?;
    let strangers = others().map(|other| (table, other)).collect();
    let strangers = strangers::among(desk, region, strangers).await?.strangers;
    let mut mint = desk.mint(site);
    for row in another {
        if !there.is(rule, row.other, row) || strangers.contains(&(table, row.other)) {
            row.other = mint.gid();
        }
    }
    Ok(())
}

/// What the hub has under identities of new rows of one table: these may be as many as an office's whole file has, so never
/// those of all tables at once.
struct There<'a> {
    rows: HashMap<Gid, Stored>,
    /// There are rows of other tables under these.
    elsewhere: &'a HashSet<Gid>,
}

impl<'a> There<'a> {
    async fn of(
        desk: &mut Desk<'_>,
        table: TableId,
        (gids, elsewhere): (&[Gid], &'a HashSet<Gid>),
    ) -> Result<Self> {
        let rows = rows::rows_of(desk.db, &desk.hub.rules, table, gids).await?;
        Ok(Self { rows: rows.into_iter().map(|row| (row.gid, row)).collect(), elsewhere })
    }

    fn has(&self, gid: Gid) -> bool {
        self.rows.contains_key(&gid) || self.elsewhere.contains(&gid)
    }

    /// Whether there is nothing under the identity but this row.
    fn is(&self, rule: &TableRules, gid: Gid, row: &Another) -> bool {
        !self.elsewhere.contains(&gid) && self.rows.get(&gid).is_none_or(|known| row.is(rule, &known.cells))
    }
}

/// Under which of the identities that are asked for, a table, the hub has a row of that table.
async fn under(desk: &mut Desk<'_>, asked: impl Fn(TableId) -> Vec<Gid>) -> Result<HashSet<Gid>> {
    let (hub, mut found) = (desk.hub, HashSet::new());
    for table in &hub.order.tables {
        let rows = rows::rows_of(desk.db, &hub.rules, *table, &asked(*table)).await?;
        found.extend(rows.into_iter().map(|row| row.gid));
    }
    Ok(found)
}

/// References without which a row cannot be: the same day of another person is another day.
fn needed(rule: &TableRules) -> impl Iterator<Item = ColumnId> + '_ {
    let is_needed =
        |(column, to): &(ColumnId, Reference)| to.on_delete == OnDelete::Cascade || rule[*column].not_null;
    rule.references().filter(is_needed).map(|(column, _)| column)
}

/// The cells with what their references are called now.
fn referring(rule: &TableRules, cells: &Cells, today: impl Fn(TableId, Gid) -> Gid) -> Cells {
    let mut cells = cells.clone();
    for (column, to) in rule.references() {
        if let Some(named) = cells[column.0].as_ref().and_then(Gid::of) {
            cells[column.0] = Some(today(to.table, named).into());
        }
    }
    cells
}

/// Of one region: what another one's rows are called cannot be met by it.
fn other(rule: &TableRules, gid: Gid, region: &Region, cells: &Cells) -> Gid {
    let told: Cells = rule.telling.iter().map(|column| cells[column.0].clone()).collect();
    let region = match region {
        Region::All => "",
        Region::Named(name) => name,
    };
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(gid.uuid().as_bytes())
        .update(&(region.len() as u64).to_le_bytes())
        .update(region.as_bytes());
    hasher.update(&told.encode());
    let mut bits = [0; 16];
    bits.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    let (seconds, nanos) = gid.uuid().get_timestamp().map_or((0, 0), |at| at.to_unix());
    Gid::new(seconds * 1000 + u64::from(nanos) / 1_000_000, u128::from_le_bytes(bits))
}
