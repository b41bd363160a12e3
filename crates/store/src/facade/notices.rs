//! Who was told what, and whether people can be told.
//!
//! A way is how somebody is reached (`webhook`, `email`, `email Ankara`); each is told by itself.

use async_trait::async_trait;
use model::Value;

use super::Store;
use crate::{
    Error, Result,
    desk::Desk,
    query::{Db, Row, maybe, number, text},
    shape::{TOLD, WAYS},
    writer::Job,
};

/// Something that was told on a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldOf {
    pub key: String,
    /// How pressing it was said to be; more is more.
    pub level: i64,
    /// People are told when it is over.
    pub ends: bool,
    pub line: String,
}

/// How a way is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    pub name: String,
    /// When the last message went. **Units**: milliseconds since 1970.
    pub last_ms: Option<i64>,
    /// Since when none goes, and why.
    pub failing: Option<(i64, String)>,
}

impl Store {
    /// What was told on a way.
    ///
    /// # Errors
    /// What the database says.
    pub async fn told_on(&self, way: &str) -> Result<Vec<ToldOf>> {
        ask_reader!(self, shown, db, told_on(db, way).await)
    }

    /// How a way is; one on which nothing was sent yet is as new.
    ///
    /// # Errors
    /// What the database says.
    pub async fn way(&self, name: &str) -> Result<Way> {
        let ways = ask_reader!(self, shown, db, ways(db).await)?;
        let known = ways.into_iter().find(|way| way.name == name);
        Ok(known.unwrap_or_else(|| Way { name: name.to_owned(), ..Way::default() }))
    }

    /// All ways on which something was sent, or should have been.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ways(&self) -> Result<Vec<Way>> {
        ask_reader!(self, shown, db, ways(db).await)
    }

    /// Keeps that a message went at this time, what it told, and what need not be known any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn was_told(
        &self,
        way: &str,
        at_ms: Option<i64>,
        (told, forgotten): (Vec<ToldOf>, Vec<String>),
    ) -> Result<()> {
        self.ask(WasTold { way: way.to_owned(), at_ms, told, forgotten }).await
    }

    /// Keeps that nobody can be told on a way, and since when; `None`: people can be told.
    ///
    /// # Errors
    /// What the database says.
    pub async fn way_fails(&self, way: &str, why: Option<&str>) -> Result<()> {
        self.ask(Fails { way: way.to_owned(), why: why.map(crate::sites::visible) }).await
    }
}

async fn told_on(db: &mut Db, way: &str) -> Result<Vec<ToldOf>> {
    let rows = db.find(TOLD, &[("way", text(way))]).await?;
    let read = |row: &Row| {
        let (key, line) = (row.text(1)?.to_owned(), row.text(4)?.to_owned());
        Ok(ToldOf { key, level: row.int(2)?, ends: row.int(3)? != 0, line })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn ways(db: &mut Db) -> Result<Vec<Way>> {
    let rows = db.find(WAYS, &[]).await?;
    let read = |row: &Row| {
        let failing = row.int_or_none(2)?.zip(row.text_or_none(3)?.map(str::to_owned));
        Ok(Way { name: row.text(0)?.to_owned(), last_ms: row.int_or_none(1)?, failing })
    };
    rows.iter().map(read).collect()
}

async fn keep(db: &mut Db, way: Way) -> Result<()> {
    let (since, why) = way.failing.unzip();
    db.put(WAYS, &[vec![text(way.name), number(way.last_ms), number(since), maybe(why)]]).await
}

async fn way_of(db: &mut Db, name: &str) -> Result<Way> {
    let known = ways(db).await?.into_iter().find(|way| way.name == name);
    Ok(known.unwrap_or_else(|| Way { name: name.to_owned(), ..Way::default() }))
}

struct WasTold {
    way: String,
    at_ms: Option<i64>,
    told: Vec<ToldOf>,
    forgotten: Vec<String>,
}

#[async_trait]
impl Job for WasTold {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let now = Value::Int(desk.now_ms);
        let row = |one: &ToldOf| {
            let (level, ends) = (Value::Int(one.level), Value::Int(one.ends.into()));
            vec![text(&self.way), text(&one.key), level, ends, text(&one.line), now.clone()]
        };
        let told: Vec<_> = self.told.iter().map(row).collect();
        let gone: Vec<_> = self.forgotten.iter().map(|key| vec![text(&self.way), text(key)]).collect();
        desk.db.put(TOLD, &told).await?;
        desk.db.remove(TOLD, &gone).await?;
        if self.at_ms.is_some() {
            keep(desk.db, Way { name: self.way.clone(), last_ms: self.at_ms, failing: None }).await?;
        }
        Ok(())
    }
}

struct Fails {
    way: String,
    why: Option<String>,
}

#[async_trait]
impl Job for Fails {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let way = way_of(desk.db, &self.way).await?;
        let since = way.failing.as_ref().map_or(desk.now_ms, |(since, _)| *since);
        let failing = self.why.clone().map(|why| (since, why));
        keep(desk.db, Way { failing, ..way }).await
    }
}
