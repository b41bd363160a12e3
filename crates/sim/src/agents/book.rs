//! What is known without denk's help: who typed what, what was told, what somebody deleted.
//!
//! A row bears a mark that nobody ever changes, and every text that somebody types is a word of its own that ends with
//! the mark of its row: `T14-E12` is a title of person `E12`. Persons are told by `E` and a number, their days by `D`;
//! vehicles by region and plate, shifts by their name.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context as _;
use rusqlite::Connection;

#[derive(Default)]
pub struct Book {
    typed: u64,
    /// Mark of a day to that of its person.
    whose: BTreeMap<String, String>,
    /// Marks of days that were typed into a file of the past, of which the hub had not heard yet that it is one.
    of_past: BTreeSet<String>,
    /// Marks of rows that somebody deleted, and of those that he saw go with them.
    deleted: BTreeSet<String>,
    /// Words of files of which everything was told.
    told: BTreeSet<String>,
}

impl Book {
    /// A number that was not there before.
    pub const fn number(&mut self) -> u64 {
        self.typed += 1;
        self.typed
    }

    /// A word about the row of this mark.
    pub fn word(&mut self, kind: char, mark: &str) -> String {
        format!("{kind}{}-{mark}", self.number())
    }

    pub fn day_of(&mut self, person: &str) -> String {
        let mark = format!("D{}", self.number());
        self.whose.insert(mark.clone(), person.to_owned());
        mark
    }

    pub fn is_of_past(&mut self, day: &str) {
        self.of_past.insert(day.to_owned());
    }

    pub fn is_of(&self, day: &str, person: &str) -> bool {
        self.whose.get(day).is_some_and(|of| of == person)
    }

    pub fn delete(&mut self, marks: impl IntoIterator<Item = String>) {
        self.deleted.extend(marks);
    }

    /// A file with these words has told everything.
    pub fn tell(&mut self, words: BTreeSet<String>) {
        self.told.extend(words);
    }

    /// The hub is one that knows only these words.
    pub fn forget(&mut self, known: &BTreeSet<String>) {
        self.told.retain(|word| known.contains(word));
    }

    pub const fn told(&self) -> &BTreeSet<String> {
        &self.told
    }

    /// Marks that were told and that nobody deleted. What a file of the past says brings no deleted person back: his days are
    /// kept, and come back with him.
    pub fn expected(&self) -> BTreeSet<&str> {
        let marks = self.told.iter().map(|word| mark(word));
        marks.filter(|mark| !self.deleted.contains(*mark) && !self.went_along(mark)).collect()
    }

    fn went_along(&self, day: &str) -> bool {
        self.of_past.contains(day) && self.whose.get(day).is_some_and(|person| self.deleted.contains(person))
    }
}

/// Of which row a word is.
pub fn mark(word: &str) -> &str {
    word.split_once('-').map_or(word, |(_, mark)| mark)
}

/// Every word that stands in an office's file.
pub fn words(file: &Path) -> anyhow::Result<BTreeSet<String>> {
    strings(&Connection::open(file).context("a file can be opened")?, include_str!("../sql/words_office.sql"))
}

/// Every word that a hub has: as it is, in the history, among the conflicts.
pub fn remembered(hub: &Connection) -> anyhow::Result<BTreeSet<String>> {
    let texts = strings(hub, include_str!("../sql/words_hub.sql"))?;
    let words = texts.iter().flat_map(|text| text.split('"')).filter(|part| !part.is_empty());
    Ok(words.map(str::to_owned).collect())
}

/// The first column of what is asked.
pub fn strings(connection: &Connection, sql: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut statement = connection.prepare(sql)?;
    let strings = statement.query_map([], |row| row.get(0))?;
    Ok(strings.collect::<rusqlite::Result<_>>()?)
}
