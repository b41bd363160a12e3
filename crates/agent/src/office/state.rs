//! Where the file stands: the table `denk_state`, one line a field.

use std::collections::BTreeMap;

use replica::naming::Nonce;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    Error, Result,
    tables::{Db, STATE, text},
};

/// The form of denk's tables in the file. A later one is left alone.
pub(super) const FORM: u32 = 1;

/// Places in the hub's history that are kept.
const PLACES_MAX: usize = 64;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub form: u32,
    /// Of which hub and site the rest tells; without them the file was not met yet.
    pub hub: Option<String>,
    pub site: Option<u32>,
    /// Where that site belongs: what the file may hold.
    pub region: Option<String>,
    /// The last batch that was answered.
    pub number: u64,
    /// The file was told everything up to here; what of it it does not have is late.
    pub cursor: i64,
    /// What the hub's history bore there, where the last page said so.
    pub mark: Option<String>,
    /// Such places with their marks, by which it shows up to where a restored hub is the one that it was.
    ///
    /// **Order**: by rev; the further back, the fewer.
    pub places: Vec<(i64, String)>,
    /// Identities of rows that nobody was told of are made of it; with each batch it is another.
    pub nonce: Nonce,
    /// The batch that waits for a person.
    pub held: Option<u64>,
    /// Notes may lack something: everything is compared.
    pub doubt: bool,
    /// The file is a restored or copied one: batches say so until everything was compared.
    pub unsure: bool,
    /// The comparison that was begun goes on with the batch after the one on its way.
    pub rest: bool,
    /// The hub is a restored one, and may not have what came after this; until everything was pulled.
    pub behind: Option<i64>,
    /// What it may have lost is not marked everywhere yet.
    pub suspecting: bool,
    /// It is told again what it lost, until everything was compared: what nobody noted is as old as it was, and what it has
    /// of later than this may have been told by others since.
    pub retelling: Option<i64>,
    /// The copy that the hub was asked about in the first contact: its hash.
    pub meeting: Option<String>,
    /// Day of the last full comparison, since 1970.
    pub compared: i64,
    /// The program's tables as they were last seen: their columns.
    pub shape: BTreeMap<String, Vec<String>>,
    /// Columns, by their tables, of which the file did not get what came after this rev: it has them anew, or they are away.
    /// Until everything was pulled since they are there.
    pub unseen: BTreeMap<String, BTreeMap<String, i64>>,
    /// Rows of the shadow, a table.
    pub rows: BTreeMap<String, u64>,
    /// The highest id that was ever seen, a table.
    pub last: BTreeMap<String, i64>,
}

impl State {
    pub async fn read(db: &mut Db) -> Result<Self> {
        if !db.has(STATE) {
            return Ok(Self::default());
        }
        let mut fields = Map::new();
        for row in db.find(STATE, &[]).await? {
            let value = serde_json::from_str(row.text(1)?).map_err(|_| garbled())?;
            fields.insert(row.text(0)?.to_owned(), value);
        }
        let state: Self = serde_json::from_value(Json::Object(fields)).map_err(|_| garbled())?;
        if state.form > FORM { Err(Error::NewerTables(state.form)) } else { Ok(state) }
    }

    pub async fn write(&self, db: &mut Db) -> Result<()> {
        let Ok(Json::Object(fields)) = serde_json::to_value(self) else { return Err(garbled()) };
        let rows: Vec<_> =
            fields.iter().map(|(name, value)| vec![text(name), text(value.to_string())]).collect();
        db.put(STATE, &rows).await?;
        Ok(())
    }

    /// The file was told everything up to here.
    pub fn reach(&mut self, cursor: i64, mark: Option<String>) {
        self.places.retain(|(rev, _)| *rev < cursor);
        self.places.extend(mark.clone().map(|mark| (cursor, mark)));
        if self.places.len() > PLACES_MAX {
            let mut at = 0..;
            self.places.retain(|_| at.next().is_some_and(|at| at >= PLACES_MAX / 2 || at % 2 == 0));
        }
        (self.cursor, self.mark) = (cursor, mark);
    }

    /// Counts rows of the shadow that came and went.
    pub fn count(&mut self, table: &str, came: u64, went: u64) {
        let rows = self.rows.entry(table.to_owned()).or_default();
        *rows = (*rows + came).saturating_sub(went);
    }
}

fn garbled() -> Error {
    Error::broken("the state cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(of: &str) -> Option<String> {
        Some(of.to_owned())
    }

    #[test]
    fn of_places_far_back_fewer_are_kept() {
        let mut state = State::default();
        (1..=1_000).for_each(|rev| state.reach(rev, mark("a")));
        let revs: Vec<i64> = state.places.iter().map(|(rev, _)| *rev).collect();
        assert!(revs.is_sorted() && revs.len() <= PLACES_MAX && revs[0] == 1, "{revs:?}");
        assert!(revs.ends_with(&[997, 998, 999, 1_000]), "{revs:?}");
    }
}
