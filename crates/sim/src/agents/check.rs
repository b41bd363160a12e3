//! What must hold when everybody has told everything.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use rusqlite::Connection;

use super::{
    book::{mark, remembered},
    town::{Office, REGIONS, Town},
};
use crate::Broken;

/// Rows as people read them, counted. Columns stand between bars: kind, mark, and what is told of them.
pub type Content = BTreeMap<String, u32>;

impl Town {
    pub fn check(&self) -> anyhow::Result<()> {
        let hub = Connection::open(self.hub.store_file())?;
        let content = content(&hub, include_str!("../sql/content_hub.sql"))?;
        for office in &self.offices {
            same(office, &content)?;
        }
        self.whole(&content)?;
        self.remembered(&hub)?;
        self.nothing_is_overwritten(&hub)?;
        self.nothing_is_set_back(&content)?;
        self.living(&content)
    }

    /// Nothing is there twice, and nothing stands with another row.
    fn whole(&self, content: &BTreeMap<&str, Content>) -> anyhow::Result<()> {
        let mut marks = BTreeSet::new();
        for (region, row) in
            content.iter().flat_map(|(region, rows)| rows.keys().map(move |row| (*region, row)))
        {
            let cells: Vec<&str> = row.split('|').collect();
            let count = content[region][row];
            let once = count == 1 && (marks.insert(cells[1]) || cells[0] == "shift");
            ensure!(once, Broken::new("nothing is doubled", format!("{region}: {row}")));
            let strange = match cells[0] {
                "day" => !self.book.is_of(cells[1], cells[2]) || is_strange(cells[4], cells[1]),
                _ => cells.last().is_some_and(|word| is_strange(word, cells[1])),
            };
            ensure!(!strange, Broken::new("nothing stands with another row", format!("{region}: {row}")));
        }
        Ok(())
    }

    fn remembered(&self, hub: &Connection) -> anyhow::Result<()> {
        let known = remembered(hub)?;
        let lost: Vec<_> = self.book.told().difference(&known).collect();
        ensure!(lost.is_empty(), Broken::new("no written value disappears", format!("{lost:?}")));
        Ok(())
    }

    fn living(&self, content: &BTreeMap<&str, Content>) -> anyhow::Result<()> {
        let rows = content.values().flat_map(BTreeMap::keys);
        let living: BTreeSet<&str> = rows.filter_map(|row| row.split('|').nth(1)).collect();
        let expected = self.book.expected();
        let told = |mark: &&str| match self.book.person_of(mark) {
            Some(person) => format!("{mark} of {person}"),
            None => (*mark).to_owned(),
        };
        let lost: Vec<_> = expected.difference(&living).map(told).collect();
        ensure!(lost.is_empty(), Broken::new("what was never deleted is there", format!("{lost:?}")));
        Ok(())
    }

    /// What the hub wrote down about the rows whose marks stand in a text.
    pub fn history(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let is_mark = |mark: &&str| mark.starts_with(['E', 'D', 'A', 'B', 'S', 'G']) && !mark.contains('-');
        let marks: BTreeSet<&str> = text.split(|c| !is_word(c)).map(mark).filter(is_mark).collect();
        let hub = Connection::open(self.hub.store_file())?;
        let mut statement = hub.prepare(include_str!("../sql/history.sql"))?;
        let lines = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        let told = |line: &String| line.split(|c| !is_word(c)).any(|word| marks.contains(mark(word)));
        Ok(lines.into_iter().filter(told).collect())
    }
}

/// Whether a word is of another row than the one of this mark.
fn is_strange(word: &str, of: &str) -> bool {
    !word.is_empty() && mark(word) != of
}

/// The file says what the hub says.
fn same(office: &Office, hub: &BTreeMap<&str, Content>) -> anyhow::Result<()> {
    let file = Connection::open(&office.file)?;
    let here = content(&file, include_str!("../sql/content_office.sql"))?;
    for (region, rows) in &here {
        let nothing = Content::new();
        let is_seen = office.region == "*" || office.region == *region;
        let there = if is_seen { &hub[region] } else { &nothing };
        let mut here_only: Vec<_> = rows.iter().filter(|(row, n)| there.get(*row) != Some(n)).collect();
        let mut hub_only: Vec<_> = there.iter().filter(|(row, n)| rows.get(*row) != Some(n)).collect();
        if !is_seen {
            here_only.retain(|(row, _)| !row.starts_with("shift"));
        }
        // A plate stands once in a file of the program.
        let elsewhere = |row: &str| {
            let plate = row.split('|').nth(1).and_then(|mark| mark.split_once('.')).map(|(_, plate)| plate);
            let marks = plate.into_iter().flat_map(|plate| REGIONS.map(|other| format!("|{other}.{plate}|")));
            let there = |mark: &String| here.values().flat_map(BTreeMap::keys).any(|row| row.contains(mark));
            office.region == "*" && row.starts_with("vehicle") && marks.into_iter().any(|mark| there(&mark))
        };
        hub_only.retain(|(row, _)| !elsewhere(row));
        let broken = || {
            let what = format!("{}: {here_only:?} against {hub_only:?}", office.file.display());
            Broken::new("every file says what the hub says", what)
        };
        ensure!(here_only.is_empty() && hub_only.is_empty(), broken());
    }
    Ok(())
}

/// By region.
pub fn content(connection: &Connection, sql: &str) -> anyhow::Result<BTreeMap<&'static str, Content>> {
    let mut statement = connection.prepare(sql)?;
    let mut all = BTreeMap::new();
    for region in REGIONS {
        let content: &mut Content = all.entry(region).or_default();
        for row in statement.query_map([region], |row| row.get::<_, String>(0))? {
            *content.entry(row?).or_default() += 1;
        }
    }
    Ok(all)
}
