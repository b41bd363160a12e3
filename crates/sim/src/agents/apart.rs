//! Updates during which a file lacks something while it is exchanged, and what people type when it is back: of what others
//! said there meanwhile they have seen nothing, and neither word may take the other's place in silence.
//!
//! What a restored hub has not heard of is left out: which word it hears first is another one's then.

use agent::{
    CycleError,
    office::{Error, Lock},
};
use anyhow::{bail, ensure};
use rusqlite::{Connection, OptionalExtension as _};

use super::{
    files::is_met,
    migrate::Told,
    people::Happened,
    town::{Town, Way},
};
use crate::Broken;

/// Whose words can be empty.
const PEOPLE: Told = Told { table: "employees", mark: "department", word: "title", letter: 'T' };
const DAYS: Told = Told { table: "timesheets", mark: "start_time", word: "notes", letter: 'N' };

impl Town {
    /// A table is away during an exchange, which does not take place.
    pub async fn take_table_away(&mut self, at: usize) -> Happened {
        if !self.is_at_work(at)? {
            return Ok(None);
        }
        let told = self.any_table();
        let away = Told { table: "eski", ..told };
        let file = self.raw(at)?;
        file.execute_batch(&format!("alter table {} rename to eski", told.table))?;
        let word = self.write(&file, away)?;
        ensure!(
            !self.cycle_of_less(at).await?,
            Broken::new("a file that lacks a table is not exchanged", format!("pc{at}"))
        );
        file.execute_batch(&format!("alter table eski rename to {}", told.table))?;
        Ok(Some(self.migrated(at, "away during an exchange", told, &word)))
    }

    /// A column is away during an exchange, and is written to when it is back.
    pub async fn take_column_away(&mut self, at: usize) -> Happened {
        if !self.is_at_work(at)? {
            return Ok(None);
        }
        let told = self.rng.one_of(&[PEOPLE, DAYS]);
        let Told { table, word: column, .. } = told;
        let file = self.raw(at)?;
        self.look(at)?;
        file.execute_batch(&format!("alter table {table} rename column {column} to eski"))?;
        self.cycle_of_less(at).await?;
        file.execute_batch(&format!("alter table {table} rename column eski to {column}"))?;
        let word = self.type_apart(at, told)?;
        Ok(Some(self.migrated(at, "a column away during an exchange", told, &word)))
    }

    /// An update brings a column that others have, and it is written to at two PCs.
    pub async fn get_column(&mut self, at: usize) -> Happened {
        if !self.is_at_work(at)? {
            return Ok(None);
        }
        let told = self.rng.one_of(&[PEOPLE, DAYS]);
        let Told { table, word: column, .. } = told;
        let file = self.raw(at)?;
        self.look(at)?;
        file.execute_batch(
            &include_str!("../sql/drop_column.sql").replace("{table}", table).replace("{column}", column),
        )?;
        self.cycle_of_less(at).await?;
        file.execute_batch(&format!("alter table {table} add column {column} text default ''"))?;
        let word = self.type_apart(at, told)?;
        Ok(Some(self.migrated(at, "a column that is new", told, &word)))
    }

    /// Whether an agent and the hub know the file, and it says nothing of the past.
    fn is_at_work(&self, at: usize) -> anyhow::Result<bool> {
        let office = &self.offices[at];
        Ok(office.way == Way::Agent && !office.past && is_met(&office.file)?)
    }

    /// One exchange of a file that lacks something; `false`: the agent does not take it.
    async fn cycle_of_less(&mut self, at: usize) -> anyhow::Result<bool> {
        let office = &mut self.offices[at];
        let file = Lock::take(&office.file)?;
        match office.exchange.cycle(&file, &office.tools).await {
            Ok(_) | Err(CycleError::Link(_)) => Ok(true),
            Err(CycleError::Office(Error::Lacks(..))) => Ok(false),
            Err(error) => bail!(Broken::new("a cycle goes to its end", format!("pc{at}: {error:?}"))),
        }
    }

    /// Somebody writes about a row, and somebody at another PC too.
    fn type_apart(&mut self, at: usize, told: Told) -> anyhow::Result<String> {
        let file = self.raw(at)?;
        let Some((_, mark)) = self.rng.pick(&told.rows(&file)?).cloned() else {
            return Ok("nothing".to_owned());
        };
        let Some(word) = self.write_of(&file, told, &mark)? else { return Ok("nothing".to_owned()) };
        let hub = Connection::open(self.hub.store_file())?;
        let stands = told.word_of(&hub, &mark)?;
        let stands = stands.filter(|stands| !stands.is_empty() && !self.offices[at].seen.contains(stands));
        self.book.type_apart(stands.into_iter().chain([word.clone()]));
        let other = self.rng.place(self.offices.len());
        if other == at || !self.is_at_work(other)? {
            return Ok(word);
        }
        let Some(second) = self.write_of(&self.raw(other)?, told, &mark)? else { return Ok(word) };
        self.book.type_apart([word.clone(), second.clone()]);
        Ok(format!("{word} and {second} at pc{other}"))
    }

    fn write_of(&mut self, file: &Connection, told: Told, mark: &str) -> anyhow::Result<Option<String>> {
        let rows = told.rows(file)?;
        let Some((id, _)) = rows.into_iter().find(|(_, of)| of == mark) else { return Ok(None) };
        let text = self.book.word(told.letter, mark);
        told.put(file, id, &text)?;
        Ok(Some(text))
    }

    /// Of two words of people who did not see each other's both are told.
    pub fn nothing_is_overwritten(&self, hub: &Connection) -> anyhow::Result<()> {
        for (word, other) in self.book.apart() {
            let as_told = |word: &str| format!("\"{word}\"");
            let sql = include_str!("../sql/overwritten.sql");
            let silent: i64 = hub.query_row(sql, [as_told(word), as_told(other)], |row| row.get(0))?;
            let broken = || Broken::new("nothing is overwritten in silence", format!("{word} over {other}"));
            ensure!(silent == 0, broken());
        }
        Ok(())
    }
}

impl Told {
    fn word_of(self, file: &Connection, mark: &str) -> anyhow::Result<Option<String>> {
        let sql = include_str!("../sql/word_of.sql").replace("{word}", self.word);
        let sql = sql.replace("{table}", self.table).replace("{mark}", self.mark);
        Ok(file.query_row(&sql, [mark], |row| row.get(0)).optional()?)
    }
}
