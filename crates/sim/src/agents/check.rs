//! What must hold when everybody has told everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, ensure};
use rusqlite::Connection;

use super::town::{REGIONS, Town};
use crate::Broken;

impl Town {
    /// What the hub wrote down about the people that a text names.
    pub fn history(&self, text: &str) -> anyhow::Result<Vec<String>> {
        let is_person = |word: &&str| {
            word.strip_prefix('P')
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let people: BTreeSet<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_person).collect();
        let hub = Connection::open(self.folder.path().join("hub.db"))?;
        let sql = "select rev, gid, site, action, after from denk_log order by rev, gid";
        let mut statement = hub.prepare(sql)?;
        let line = |row: &rusqlite::Row<'_>| {
            let (rev, gid, site): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (action, after): (String, String) = (row.get(3)?, row.get(4)?);
            Ok((after.clone(), format!("{rev} site {site} {action} {gid} {after}")))
        };
        let mut lines = Vec::new();
        for line in statement.query_map([], line)? {
            let (after, line) = line?;
            if people.iter().any(|person| after.contains(&format!("{person}\""))) {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    pub fn check(&self) -> anyhow::Result<()> {
        let hub = Connection::open(self.folder.path().join("hub.db"))?;
        for region in REGIONS {
            let at_hub = content(&hub, region, true)?;
            for office in self.offices.iter().filter(|office| office.region == region) {
                let here = content(&Connection::open(&office.file)?, region, false)?;
                let only = |a: &Content, b: &Content| -> Vec<String> {
                    a.iter().filter(|(row, n)| b.get(*row) != Some(*n)).map(|(row, _)| row.clone()).collect()
                };
                let (here_only, hub_only) = (only(&here, &at_hub), only(&at_hub, &here));
                ensure!(
                    here_only.is_empty() && hub_only.is_empty(),
                    Broken::new(
                        "every file of a region says what the hub says",
                        format!("{}: {here_only:?} against {hub_only:?}", office.file.display())
                    )
                );
            }
            self.whole(&hub, region, &at_hub)?;
        }
        Ok(())
    }

    /// Nobody is there twice, nothing stands with another person, and who was never deleted is there.
    fn whole(&self, hub: &Connection, region: &str, content: &Content) -> anyhow::Result<()> {
        for (row, count) in content {
            let broken = |check| Broken::new(check, format!("{region}: {count} times {row}"));
            let mut words = row.split('|');
            let person = words.next().unwrap_or_default();
            ensure!(*count == 1, broken("nothing is doubled"));
            let alien = words.filter(|word| !word.is_empty()).any(|word| {
                word.split_once('-').is_some_and(|(kind, of)| kind.starts_with(['T', 'N']) && of != person)
            });
            ensure!(!alien, broken("nothing stands with another person"));
        }
        let known = remembered(hub)?;
        let mut typed = BTreeMap::new();
        for office in &self.offices {
            typed.extend(words(&office.file)?);
        }
        for word in typed.into_keys() {
            let broken = || Broken::new("no written value disappears", word.clone());
            ensure!(known.contains(&word) || self.gone.contains(&word), broken());
        }
        for person in known.iter().filter(|word| word.starts_with('P') && !self.deleted.contains(*word)) {
            let there = content.keys().any(|row| row.split('|').next() == Some(person));
            let elsewhere = || -> anyhow::Result<bool> {
                let sql = "select count(*) from employees where full_name = ?1";
                Ok(hub.query_row(sql, [person], |row| row.get::<_, i64>(0))? > 0)
            };
            ensure!(there || elsewhere()?, Broken::new("who was never deleted is there", person.clone()));
        }
        Ok(())
    }
}

/// Rows as people read them, counted.
type Content = BTreeMap<String, u32>;

fn content(connection: &Connection, region: &str, at_hub: bool) -> anyhow::Result<Content> {
    let sql = if at_hub {
        include_str!("../sql/content_hub.sql")
    } else {
        include_str!("../sql/content_office.sql")
    };
    let mut statement = connection.prepare(sql)?;
    let mut content = Content::new();
    for row in statement.query_map([region], |row| row.get::<_, String>(0))? {
        *content.entry(row?).or_default() += 1;
    }
    Ok(content)
}

/// Every word that stands in a file.
pub fn words(file: &Path) -> anyhow::Result<BTreeMap<String, ()>> {
    let connection = Connection::open(file).context("a file can be opened")?;
    let sql = "select full_name from employees union select title from employees where title is not null union \
               select notes from timesheets where notes is not null";
    let mut statement = connection.prepare(sql)?;
    let words = statement.query_map([], |row| Ok((row.get(0)?, ())))?;
    Ok(words.collect::<rusqlite::Result<_>>()?)
}

/// Every word that the hub has: as it is, in the history, among the conflicts.
fn remembered(hub: &Connection) -> anyhow::Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    let sql = "select coalesce(before, '') || coalesce(after, '') from denk_log union all \
               select coalesce(winner, '') || coalesce(loser, '') from denk_conflicts";
    let mut statement = hub.prepare(sql)?;
    for text in statement.query_map([], |row| row.get::<_, String>(0))? {
        words.extend(text?.split('"').filter(|part| !part.is_empty()).map(str::to_owned));
    }
    Ok(words)
}
