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
    /// Marks of rows that somebody deleted, and of those that he saw go with them; at which PCs that tell of it.
    deleted: BTreeMap<String, BTreeSet<usize>>,
    /// Mark to the last number that was typed about the row, or about what hangs on it.
    latest: BTreeMap<String, u64>,
    /// Words of files of which everything was told.
    told: BTreeSet<String>,
    /// The same of all hubs that there were.
    ever_told: BTreeSet<String>,
    /// Words of one cell: whoever typed the first had not seen the second.
    apart: Vec<(String, String)>,
}

impl Book {
    /// A number that was not there before.
    pub const fn number(&mut self) -> u64 {
        self.typed += 1;
        self.typed
    }

    /// A word about the row of this mark.
    pub fn word(&mut self, kind: char, mark: &str) -> String {
        let number = self.number();
        self.touch(mark, number);
        format!("{kind}{number}-{mark}")
    }

    fn touch(&mut self, mark: &str, number: u64) {
        let of = self.whose.get(mark).cloned();
        for mark in of.into_iter().chain([mark.to_owned()]) {
            self.latest.insert(mark, number);
        }
    }

    /// Whose a day is.
    pub fn person_of(&self, day: &str) -> Option<&str> {
        self.whose.get(day).map(String::as_str)
    }

    /// The last number that was typed about a row, or about what hangs on it.
    pub fn latest(&self, mark: &str) -> u64 {
        self.latest.get(mark).copied().unwrap_or(0)
    }

    pub const fn typed(&self) -> u64 {
        self.typed
    }

    pub fn day_of(&mut self, person: &str) -> String {
        let number = self.number();
        let mark = format!("D{number}");
        self.whose.insert(mark.clone(), person.to_owned());
        self.touch(&mark, number);
        mark
    }

    pub fn is_of_past(&mut self, day: &str) {
        self.of_past.insert(day.to_owned());
    }

    pub fn is_of(&self, day: &str, person: &str) -> bool {
        self.whose.get(day).is_some_and(|of| of == person)
    }

    /// `at`: the PC whose agent tells of it.
    pub fn delete(&mut self, at: Option<usize>, marks: impl IntoIterator<Item = String>) {
        marks.into_iter().for_each(|mark| self.deleted.entry(mark).or_default().extend(at));
    }

    /// The PC does not know any more what was deleted there.
    pub fn cannot_tell(&mut self, at: usize) {
        self.deleted.values_mut().for_each(|by| _ = by.remove(&at));
    }

    /// Marks of rows that somebody deleted, and where.
    pub const fn deleted(&self) -> &BTreeMap<String, BTreeSet<usize>> {
        &self.deleted
    }

    /// A file with these words has told everything.
    pub fn tell(&mut self, words: BTreeSet<String>) {
        self.ever_told.extend(words.iter().cloned());
        self.told.extend(words);
    }

    /// Of words of one cell nobody who typed one had seen another.
    pub fn type_apart(&mut self, words: impl IntoIterator<Item = String>) {
        let words: Vec<String> = words.into_iter().collect();
        let pairs =
            words.iter().flat_map(|word| words.iter().map(move |other| (word.clone(), other.clone())));
        self.apart.extend(pairs.filter(|(word, other)| word != other));
    }

    pub fn apart(&self) -> impl Iterator<Item = (&str, &str)> {
        self.apart.iter().map(|(word, other)| (word.as_str(), other.as_str()))
    }

    /// The hub is one that knows only these words.
    pub fn forget(&mut self, known: &BTreeSet<String>) {
        self.apart.clear();
        self.told = self.ever_told.intersection(known).cloned().collect();
    }

    pub const fn told(&self) -> &BTreeSet<String> {
        &self.told
    }

    /// Marks that were told and that nobody deleted. What a file of the past says brings no deleted person back: his days are
    /// kept, and come back with him.
    pub fn expected(&self) -> BTreeSet<&str> {
        let marks = self.told.iter().map(|word| mark(word));
        marks.filter(|mark| !self.deleted.contains_key(*mark) && !self.went_along(mark)).collect()
    }

    fn went_along(&self, day: &str) -> bool {
        self.of_past.contains(day)
            && self.whose.get(day).is_some_and(|person| self.deleted.contains_key(person))
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
