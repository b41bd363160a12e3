//! What a program's update does to its file, between two exchanges.

use rusqlite::Connection;

use super::{people::Happened, tally::Event, town::Town};

/// Tables with the words of their rows: table, column of the mark, column of the word, letter of the word.
const TABLES: [Told; 4] = [
    Told { table: "employees", mark: "department", word: "title", letter: 'T' },
    Told { table: "timesheets", mark: "start_time", word: "notes", letter: 'N' },
    Told { table: "vehicles", mark: "region || '.' || plate", word: "brand", letter: 'V' },
    Told { table: "shift_templates", mark: "name", word: "start_time", letter: 'S' },
];

#[derive(Clone, Copy)]
pub struct Told {
    pub table: &'static str,
    pub mark: &'static str,
    pub word: &'static str,
    pub letter: char,
}

impl Told {
    /// Rows by their marks.
    pub fn rows(self, file: &Connection) -> anyhow::Result<Vec<(i64, String)>> {
        let marks =
            include_str!("../sql/marks.sql").replace("{mark}", self.mark).replace("{table}", self.table);
        let mut statement = file.prepare(&marks)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub fn put(self, file: &Connection, id: i64, text: &str) -> anyhow::Result<()> {
        let write = include_str!("../sql/write_word.sql").replace("{table}", self.table);
        file.execute(&write.replace("{word}", self.word), (text, id))?;
        Ok(())
    }
}

impl Town {
    pub fn any_table(&mut self) -> Told {
        self.rng.one_of(&TABLES)
    }

    pub fn rename_table(&mut self, at: usize) -> Happened {
        let told = self.rng.one_of(&TABLES);
        let away = Told { table: "eski", ..told };
        let file = self.raw(at)?;
        file.execute_batch(&format!("alter table {} rename to eski", told.table))?;
        let word = self.write(&file, away)?;
        file.execute_batch(&format!("alter table eski rename to {}", told.table))?;
        Ok(Some(self.migrated(at, "away and back", told, &word)))
    }

    pub fn rename_column(&mut self, at: usize) -> Happened {
        let told = self.rng.one_of(&TABLES);
        let Told { table, word: column, .. } = told;
        let file = self.raw(at)?;
        file.execute_batch(&format!("alter table {table} rename column {column} to eski"))?;
        let word = self.write(&file, Told { word: "eski", ..told })?;
        file.execute_batch(&format!("alter table {table} rename column eski to {column}"))?;
        Ok(Some(self.migrated(at, "a column away and back", told, &word)))
    }

    pub fn add_column(&mut self, at: usize) -> Happened {
        let told = self.rng.one_of(&TABLES);
        let file = self.raw(at)?;
        let name = self.book.number();
        file.execute_batch(&format!("alter table {} add column yeni{name} text default 'yok'", told.table))?;
        let word = self.write(&file, told)?;
        Ok(Some(self.migrated(at, "a new column", told, &word)))
    }

    /// Triggers go with the old table, and nobody notes what is written into the new one.
    pub fn remake_table(&mut self, at: usize) -> Happened {
        let told = self.rng.one_of(&TABLES);
        let table = told.table;
        let file = self.raw(at)?;
        let made: String =
            file.query_row("select sql from sqlite_master where name = ?1", [table], |row| row.get(0))?;
        let columns = made.split_once('(').map_or("", |(_, columns)| columns);
        let remake = include_str!("../sql/remake_table.sql");
        file.execute_batch(&remake.replace("{columns}", columns).replace("{table}", table))?;
        let word = self.write(&file, Told { table: "yeni", ..told })?;
        file.execute_batch(&include_str!("../sql/swap_table.sql").replace("{table}", table))?;
        Ok(Some(self.migrated(at, "made anew", told, &word)))
    }

    /// A program that looks after references itself, as updates do.
    pub fn raw(&self, at: usize) -> anyhow::Result<Connection> {
        let file = Connection::open(&self.offices[at].file)?;
        file.execute_batch("pragma foreign_keys = off; pragma synchronous = off")?;
        Ok(file)
    }

    /// Somebody's words are written on the way, or none.
    pub fn write(&mut self, file: &Connection, told: Told) -> anyhow::Result<String> {
        let rows = told.rows(file)?;
        let written = if self.rng.percent(50) { self.rng.pick(&rows).cloned() } else { None };
        let Some((id, mark)) = written else { return Ok("nothing".to_owned()) };
        let text = self.book.word(told.letter, &mark);
        told.put(file, id, &text)?;
        Ok(text)
    }

    pub fn migrated(&mut self, at: usize, how: &str, told: Told, word: &str) -> String {
        self.tally.add(Event::Migrated, 1);
        format!("pc{at}: {} is {how}, {word} is written", told.table)
    }
}
