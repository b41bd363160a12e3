//! What file and hub last agreed on, and which row is where.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use database::{Comparison, Condition};
use merge::{Cells, LocalId, LocalRow, Rules, ShadowRow, TableId, is_blank};
use model::{Gid, Key, Rev, Value};
use replica::{codec::Stored as _, outbox::At};

use super::{
    Error, Office, Result,
    file::{Form, shown},
    state::State,
    tables::{GIDS, Row, SHADOW, WORDS, text, uuid},
};

/// A row of the shadow.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub row: ShadowRow,
    pub at: At,
}

pub(super) use replica::office_file::SUSPECT;

/// Where a row stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// What the row goes by today.
    pub gid: Gid,
    pub table: TableId,
    pub id: LocalId,
}

impl Office {
    /// The rows of the shadow under these ids.
    pub(super) async fn known(
        &mut self,
        form: &Form,
        ids: impl IntoIterator<Item = &LocalId>,
    ) -> Result<BTreeMap<LocalId, Known>> {
        let of_table = [Condition::new("table_name", Comparison::Equal, text(form.name()))];
        let ids: Vec<Value> = ids.into_iter().map(|id| text(shown(id))).collect();
        let rows = self.db.find_any(SHADOW, &of_table, "id", ids).await?;
        let known = rows.iter().map(|row| known(form, row));
        Ok(known
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .map(|known| (known.row.id.clone(), known))
            .collect())
    }

    /// Some rows of the whole shadow, and where the next ones begin. Rows of tables that the file does not have are
    /// left out.
    pub(super) async fn known_page(
        &mut self,
        after: Option<&Key>,
        count: usize,
    ) -> Result<(Vec<(TableId, Known)>, Option<Key>)> {
        let (rows, next) = self.db.page(SHADOW, after, count).await?;
        let mut page = Vec::new();
        for row in &rows {
            if let Some(form) = self.form_named(row.text(0)?) {
                page.push((form.id, known(form, row)?));
            }
        }
        Ok((page, next))
    }

    /// Where rows stand; those that the file does not have are missing.
    pub(super) async fn spots(&mut self, gids: impl IntoIterator<Item = Gid>) -> Result<HashMap<Gid, Spot>> {
        let mut spots = HashMap::new();
        // What is asked for, under the name that it was first asked by.
        let mut asked: HashMap<Gid, Vec<Gid>> = HashMap::new();
        for gid in gids.into_iter().collect::<BTreeSet<_>>() {
            asked.entry(gid).or_default().push(gid);
        }
        // A row that turned out to be another may do so again; nothing does so in a circle.
        for _ in 0..64 {
            if asked.is_empty() {
                break;
            }
            let any: Vec<Value> = asked.keys().map(|gid| uuid(gid.uuid())).collect();
            let mut next: HashMap<Gid, Vec<Gid>> = HashMap::new();
            for row in self.db.find_any(GIDS, &[], "gid", any).await? {
                let gid = row.gid(0)?;
                let names = asked.get(&gid).cloned().unwrap_or_default();
                if let Some(became) = row.gid_or_none(3)? {
                    next.entry(became).or_default().extend(names);
                } else if let Some(form) = self.form_named(row.text(1)?) {
                    let spot = Spot { gid, table: form.id, id: form.id_of(row.text(2)?)? };
                    spots.extend(names.into_iter().map(|name| (name, spot.clone())));
                }
            }
            asked = next;
        }
        Ok(spots)
    }

    /// From now on these rows stand under their ids, and no others do.
    pub(super) async fn remember(&mut self, state: &mut State, form: &Form, rows: &[Known]) -> Result<()> {
        let mut before = self.known(form, rows.iter().map(|known| &known.row.id)).await?;
        before.retain(|id, before| rows.iter().any(|now| now.row.id == *id && now.row.gid != before.row.gid));
        let gone: Vec<_> = before.into_values().map(|before| vec![uuid(before.row.gid.uuid())]).collect();
        self.db.remove(GIDS, &gone).await?;
        let line = |known: &Known| {
            let ShadowRow { id, gid, rev, cells } = &known.row;
            vec![
                text(form.name()),
                text(shown(id)),
                uuid(gid.uuid()),
                Value::Int(rev.0),
                Value::Int(known.at.0),
                Value::Int(known.at.1.into()),
                Value::Bytes(cells.encode()),
            ]
        };
        let place = |known: &Known| {
            let ShadowRow { id, gid, .. } = &known.row;
            vec![uuid(gid.uuid()), text(form.name()), text(shown(id)), Value::Null]
        };
        let came = self.db.put(SHADOW, &rows.iter().map(line).collect::<Vec<_>>()).await?;
        self.db.put(GIDS, &rows.iter().map(place).collect::<Vec<_>>()).await?;
        state.count(form.name(), came, 0);
        let highest = rows.iter().filter_map(|known| known.row.id.number()).max();
        let last = state.last.entry(form.name().to_owned()).or_insert(0);
        *last = highest.map_or(*last, |highest| highest.max(*last));
        Ok(())
    }

    /// The file no longer has these rows. An id may be another row's by now.
    pub(super) async fn forget(
        &mut self,
        state: &mut State,
        form: &Form,
        rows: &[(LocalId, Gid)],
    ) -> Result<()> {
        let known = self.known(form, rows.iter().map(|(id, _)| id)).await?;
        let there = rows.iter().filter(|(id, gid)| known.get(id).is_some_and(|known| known.row.gid == *gid));
        let lines: Vec<_> = there.map(|(id, _)| vec![text(form.name()), text(shown(id))]).collect();
        let went = self.db.remove(SHADOW, &lines).await?;
        let gids: Vec<_> = rows.iter().map(|(_, gid)| vec![uuid(gid.uuid())]).collect();
        self.db.remove(GIDS, &gids).await?;
        self.db.remove(WORDS, &gids).await?;
        state.count(form.name(), 0, went);
        Ok(())
    }

    /// From now on `gid` is another name of `became`.
    pub(super) async fn became(&mut self, gid: Gid, became: Gid) -> Result<()> {
        if gid != became {
            let line = vec![uuid(gid.uuid()), Value::Null, Value::Null, uuid(became.uuid())];
            self.db.put(GIDS, &[line]).await?;
        }
        Ok(())
    }

    /// The hub has these as rows of their own: none of them is another's former name. A row that was made under a name that
    /// somebody else's had already got another one of the hub, and it is not the other row.
    pub(super) async fn separate(&mut self, gids: impl IntoIterator<Item = Gid>) -> Result<()> {
        let gids: Vec<Value> = gids.into_iter().map(|gid| uuid(gid.uuid())).collect();
        let mut former = Vec::new();
        for row in self.db.find_any(GIDS, &[], "gid", gids).await? {
            if row.gid_or_none(3)?.is_some() {
                former.push(vec![uuid(row.gid(0)?.uuid())]);
            }
        }
        self.db.remove(GIDS, &former).await?;
        Ok(())
    }

    /// References as what their rows go by today; to rows that the file does not have, as NULL, which is what the file
    /// says.
    pub(super) async fn refresh(&mut self, table: TableId, rows: &mut [&mut Cells]) -> Result<()> {
        let rules = self.rules.clone();
        let named = rows.iter().flat_map(|cells| references(&rules, table, cells)).collect::<Vec<_>>();
        let spots = self.spots(named).await?;
        for cells in rows {
            for (column, _) in rules[table].references() {
                if let Some(gid) = cells[column.0].as_ref().and_then(Gid::of) {
                    cells[column.0] = Some(spots.get(&gid).map_or(Value::Null, |spot| spot.gid.into()));
                }
            }
        }
        Ok(())
    }

    /// Cells with the ids of the file in their references; NULL for rows that it does not have.
    pub(super) async fn local(&mut self, table: TableId, rows: &mut [&mut Cells]) -> Result<()> {
        let rules = self.rules.clone();
        let named = rows.iter().flat_map(|cells| references(&rules, table, cells)).collect::<Vec<_>>();
        let spots = self.spots(named).await?;
        for cells in rows {
            localise(&rules, table, cells, |gid| spots.get(&gid).map(|spot| spot.id.clone()));
        }
        Ok(())
    }
}

/// Puts ids of the file where gids are.
fn localise(rules: &Rules, table: TableId, cells: &mut Cells, id: impl Fn(Gid) -> Option<LocalId>) {
    for (column, _) in rules[table].references() {
        if let Some(gid) = cells[column.0].as_ref().and_then(Gid::of) {
            cells[column.0] = Some(id(gid).as_ref().map_or(Value::Null, Value::from));
        }
    }
}

/// The rows that cells refer to.
pub(super) fn references(rules: &Rules, table: TableId, cells: &Cells) -> Vec<Gid> {
    rules[table].references().filter_map(|(column, _)| Gid::of(cells[column.0].as_ref()?)).collect()
}

/// Whether the file says something else than what was agreed; both in local form. What either does not know is not
/// compared.
pub(super) fn differs(file: &LocalRow, agreed: &Cells) -> bool {
    file.cells.iter().zip(agreed).any(|cells| match cells {
        (None, _) => false,
        (Some(file), None) => !is_blank(Some(file)),
        (Some(file), Some(agreed)) => file != agreed,
    })
}

fn known(form: &Form, row: &Row) -> Result<Known> {
    let counter = u32::try_from(row.int(5)?).map_err(|_| Error::broken("a stamp is none"))?;
    let mut cells = Cells::decode(row.bytes(6)?)?;
    // Columns that the preset has got since.
    cells.resize(form.rules.columns.len(), None);
    Ok(Known {
        row: ShadowRow { id: form.id_of(row.text(1)?)?, gid: row.gid(2)?, rev: Rev(row.int(3)?), cells },
        at: (row.int(4)?, counter),
    })
}
