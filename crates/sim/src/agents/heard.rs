//! What everybody had heard: a word that stood at the hub and in every file that shows its row, and a deletion of which all
//! files and the hub knew. Whatever becomes of the hub's store, nothing that is older takes their place.
//!
//! What nobody can keep is left out: what a person sent back since; deletions of PCs whose file was replaced since, or whose
//! agent left; rows that somebody worked on since, and days of persons who were deleted too: told again along with their person,
//! they are taken to have gone with them, and come back with them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use rusqlite::Connection;

use super::{
    check::{Content, content},
    tally::Event,
    town::{Office, Town},
};
use crate::Broken;

/// What a row says: kind and mark of the row, and the word.
type Said<'a> = (&'a str, &'a str, &'a str);

#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Kind and mark to the number of a word.
    words: BTreeMap<(String, String), u64>,
    /// Deleted rows.
    gone: BTreeMap<String, Gone>,
}

#[derive(Clone, Debug)]
struct Gone {
    /// How many numbers had been typed when all had heard of it.
    typed: u64,
    /// PCs that deleted it and can tell so again.
    by: BTreeSet<usize>,
}

impl Heard {
    fn word(&self, (kind, mark, _): &Said<'_>) -> u64 {
        self.words.get(&((*kind).to_owned(), (*mark).to_owned())).copied().unwrap_or(0)
    }

    /// A person sent back what was said of this table.
    pub fn sent_back(&mut self, table: &str) {
        let (kind, letter) = match table {
            "employees" => ("person", 'E'),
            "timesheets" => ("day", 'D'),
            "vehicles" => ("vehicle", '.'),
            _ => ("shift", '-'),
        };
        self.words.retain(|(of, _), _| of != kind);
        let is_of = |mark: &str| if letter == '.' { mark.contains('.') } else { mark.starts_with(letter) };
        self.gone.retain(|mark, _| !is_of(mark));
    }
}

/// What the offices' files say: whose each is, and its rows by region.
type Files = Vec<(&'static str, BTreeMap<&'static str, Content>)>;

impl Town {
    /// Notes what all have heard now.
    pub fn listen(&mut self) -> anyhow::Result<()> {
        let hub = content_of(&self.hub.store_file(), include_str!("../sql/content_hub.sql"))?;
        let file = |office: &Office| {
            Ok((office.region, content_of(&office.file, include_str!("../sql/content_office.sql"))?))
        };
        let files = self.offices.iter().map(file).collect::<anyhow::Result<Files>>()?;
        for (region, rows) in &hub {
            self.listen_to(rows, &seen(&files, region));
        }
        let all = files.iter().map(|(_, file)| file).chain([&hub]);
        let rows = all.flat_map(BTreeMap::values).flat_map(Content::keys);
        let there: BTreeSet<&str> = rows.filter_map(|row| row.split('|').nth(1)).collect();
        let (book, typed) = (&self.book, self.book.typed());
        let gone = &mut self.heard.gone;
        // Who worked on it since has brought it back.
        gone.retain(|mark, gone| !there.contains(mark.as_str()) || book.latest(mark) <= gone.typed);
        for (mark, by) in book.deleted().iter().filter(|(mark, _)| !there.contains(mark.as_str())) {
            gone.entry(mark.clone()).or_insert_with(|| Gone { typed, by: by.clone() });
        }
        Ok(())
    }

    fn listen_to(&mut self, hub: &Content, files: &[BTreeSet<Said<'_>>]) {
        let told = hub.keys().filter_map(|row| said(row));
        for (kind, mark, word) in told.filter(|told| files.iter().all(|file| file.contains(told))) {
            let number = self.heard.words.entry((kind.to_owned(), mark.to_owned())).or_default();
            *number = number_of(word).max(*number);
        }
    }

    /// The PC's file is another one, or its agent does not tell any more: it knows nothing of what was deleted there.
    pub fn forgets(&mut self, at: usize) {
        self.book.cannot_tell(at);
        self.heard.gone.values_mut().for_each(|gone| _ = gone.by.remove(&at));
    }

    /// The hub is a restored one: how much of what all had heard it has lost.
    pub fn count_lost(&mut self) -> anyhow::Result<()> {
        let hub = content_of(&self.hub.store_file(), include_str!("../sql/content_hub.sql"))?;
        let rows = || hub.values().flat_map(Content::keys);
        let older = |told: &Said<'_>| number_of(told.2) < self.heard.word(told);
        let words = rows().filter_map(|row| said(row)).filter(older).count() as u64;
        let marks = rows().filter_map(|row| row.split('|').nth(1));
        let deletions = marks.filter(|mark| self.heard.gone.contains_key(*mark)).count() as u64;
        self.tally.add(Event::WordLost, words);
        self.tally.add(Event::DeletionLost, deletions);
        Ok(())
    }

    /// Nothing older stands where all had heard of something.
    pub fn nothing_is_set_back(&self, hub: &BTreeMap<&str, Content>) -> anyhow::Result<()> {
        for row in hub.values().flat_map(Content::keys) {
            let Some((kind, mark, word)) = said(row) else { continue };
            let heard = self.heard.word(&(kind, mark, word));
            let broken =
                || Broken::new("what all had heard is not set back", format!("{row}: all had heard {heard}"));
            ensure!(number_of(word) >= heard, broken());
        }
        let there = hub.values().flat_map(Content::keys).filter_map(|row| row.split('|').nth(1));
        for mark in there {
            let Some(Gone { typed, by }) = self.heard.gone.get(mark) else { continue };
            let person = self.book.person_of(mark).unwrap_or_default();
            let goes_along = self.book.deleted().contains_key(person);
            let excused = by.is_empty() || goes_along || self.book.latest(mark) > *typed;
            let what = || format!("{mark} {person}, deleted at {by:?}");
            let broken = || Broken::new("what all had heard is gone stays gone", what());
            ensure!(excused, broken());
        }
        Ok(())
    }
}

/// Rows of a region, file by file of those that show them.
fn seen<'a>(files: &'a Files, region: &str) -> Vec<BTreeSet<Said<'a>>> {
    let shows = files.iter().filter(|(of, _)| *of == region || *of == "*");
    shows.map(|(_, file)| file[region].keys().filter_map(|row| said(row)).collect()).collect()
}

fn said(row: &str) -> Option<Said<'_>> {
    let mut cells = row.split('|');
    Some((cells.next()?, cells.next()?, cells.next_back().filter(|word| !word.is_empty())?))
}

/// Words are numbered in the order in which they were typed: `T14-E12`.
fn number_of(word: &str) -> u64 {
    let number = word.split('-').next().and_then(|word| word.get(1..));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn content_of(file: &std::path::Path, sql: &str) -> anyhow::Result<BTreeMap<&'static str, Content>> {
    content(&Connection::open(file)?, sql)
}
