//! What people do in their programs.

use rusqlite::{Connection, params};

use super::{
    files::is_met,
    town::{REGIONS, Town, Way},
};

/// So many days are entered at once: more than may be deleted at once without a person.
const MONTH: u64 = 30;
const PLATES: u64 = 4;
const SHIFTS: [&str; 2] = ["Sabah", "Gece"];
const USERS: [&str; 2] = ["ayse", "veli"];

pub type Happened = anyhow::Result<Option<String>>;

/// A row of a file: its number, its mark, its region.
type Found = (i64, String, String);

const PEOPLE: &str = "select id, department, region from employees order by id";
const DAYS: &str = "select id, start_time, region from timesheets order by id";
const VEHICLES: &str = "select id, region || '.' || plate, region from vehicles order by id";
const DAYS_OF: &str = "select id, start_time, region from timesheets where employee_id = ?1";

fn found(file: &Connection, sql: &str, parameters: impl rusqlite::Params) -> anyhow::Result<Vec<Found>> {
    let mut statement = file.prepare(sql)?;
    let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

impl Town {
    pub fn sql(&self, at: usize) -> anyhow::Result<Connection> {
        let connection = Connection::open(&self.offices[at].file)?;
        connection.execute_batch("pragma foreign_keys = on; pragma synchronous = off")?;
        Ok(connection)
    }

    fn any(&mut self, at: usize, sql: &str) -> anyhow::Result<Option<Found>> {
        let rows = found(&self.sql(at)?, sql, [])?;
        Ok(self.rng.pick(&rows).cloned())
    }

    /// The region of what is typed at a PC.
    fn region(&mut self, at: usize) -> &'static str {
        let region = self.offices[at].region;
        if region == "*" { self.rng.one_of(&REGIONS) } else { region }
    }

    pub fn add_person(&mut self, at: usize) -> Happened {
        let number = self.book.number();
        let (name, identity) = (format!("P{number}"), (10_000_000_000 + number).to_string());
        let region = self.region(at);
        let mark = self.enter((at, None), (&name, &identity), region)?;
        Ok(Some(format!("pc{at}: {mark} is entered")))
    }

    /// Somebody whom another office has is entered here too, with name and identity number. Only where the hub has met
    /// both files, and has heard since that one is a copy: else the two may stand under one number, as in copies of one file.
    pub fn add_twin(&mut self, at: usize) -> Happened {
        let other = self.rng.place(self.offices.len());
        for office in [at, other].map(|at| &self.offices[at]) {
            if office.past || !is_met(&office.file)? {
                return Ok(None);
            }
        }
        let Some((id, of, _)) = self.any(other, PEOPLE)? else { return Ok(None) };
        let sql = "select full_name, identity_no from employees where id = ?1";
        let (name, identity): (String, String) =
            self.sql(other)?.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let region = self.region(at);
        let mark = self.enter((at, None), (&name, &identity), region)?;
        Ok(Some(format!("pc{at}: {mark} is entered, who is {of} too")))
    }

    /// A new person at a PC, under the next number or this one.
    fn enter(
        &mut self,
        (at, id): (usize, Option<i64>),
        (name, identity): (&str, &str),
        region: &str,
    ) -> anyhow::Result<String> {
        let mark = format!("E{}", self.book.number());
        self.sql(at)?.execute(
            "insert or replace into employees (id, full_name, identity_no, department, region) values (?1, ?2, ?3, ?4, ?5)",
            params![id, name, identity, mark, region],
        )?;
        Ok(mark)
    }

    /// Not where files go whole: there it looks like another PC's file.
    pub fn replace_person(&mut self, at: usize) -> Happened {
        if self.offices[at].way == Way::Old {
            return Ok(None);
        }
        let Some((id, before, region)) = self.any(at, PEOPLE)? else { return Ok(None) };
        self.let_go(at, id, &before)?;
        let number = self.book.number();
        let (name, identity) = (format!("P{number}"), (10_000_000_000 + number).to_string());
        let mark = self.enter((at, Some(id)), (&name, &identity), &region)?;
        Ok(Some(format!("pc{at}: {mark} replaces {before} under {id}")))
    }

    pub fn delete_person(&mut self, at: usize) -> Happened {
        let Some((id, mark, _)) = self.any(at, PEOPLE)? else { return Ok(None) };
        self.let_go(at, id, &mark)?;
        self.sql(at)?.execute("delete from employees where id = ?1", [id])?;
        Ok(Some(format!("pc{at}: {mark} is deleted")))
    }

    /// A person goes from a file, with the days that it has of him.
    fn let_go(&mut self, at: usize, id: i64, mark: &str) -> anyhow::Result<()> {
        let days = found(&self.sql(at)?, DAYS_OF, [id])?;
        self.deleted(at, days.into_iter().map(|(_, day, _)| day).chain([mark.to_owned()]));
        Ok(())
    }

    /// Who has no agent cannot tell of it again.
    fn deleted(&mut self, at: usize, marks: impl IntoIterator<Item = String>) {
        let by = Some(at).filter(|at| self.offices[*at].way == Way::Agent);
        self.book.delete(by, marks);
    }

    pub fn edit_person(&mut self, at: usize) -> Happened {
        let Some((id, mark, _)) = self.any(at, PEOPLE)? else { return Ok(None) };
        let word = self.book.word('T', &mark);
        self.sql(at)?.execute("update employees set title = ?1 where id = ?2", (&word, id))?;
        Ok(Some(format!("pc{at}: {word}")))
    }

    pub fn add_days(&mut self, at: usize, count: u64) -> Happened {
        let Some((id, person, region)) = self.any(at, PEOPLE)? else { return Ok(None) };
        let file = self.sql(at)?;
        let mut marks = Vec::new();
        for _ in 0..count {
            let mark = self.book.day_of(&person);
            if self.offices[at].past {
                self.book.is_of_past(&mark);
            }
            let word = self.book.word('N', &mark);
            let number = self.book.number();
            let date = format!("2026-{:02}-{:02}", number / 28 % 12 + 1, number % 28 + 1);
            file.execute(
                "insert into timesheets (employee_id, work_date, start_time, end_time, notes, region) values (?1, ?2, ?3, '18:00', ?4, ?5)",
                (id, date, &mark, &word, &region),
            )?;
            marks.push(mark);
        }
        Ok(Some(format!("pc{at}: {} of {person}", marks.join(" "))))
    }

    pub fn add_month(&mut self, at: usize) -> Happened {
        self.add_days(at, MONTH)
    }

    pub fn edit_day(&mut self, at: usize) -> Happened {
        let day = self.any(at, DAYS)?;
        self.edit_days(at, &day.into_iter().collect::<Vec<_>>())
    }

    pub fn edit_all_days(&mut self, at: usize) -> Happened {
        let days = found(&self.sql(at)?, DAYS, [])?;
        self.edit_days(at, &days)
    }

    fn edit_days(&mut self, at: usize, days: &[Found]) -> Happened {
        let file = self.sql(at)?;
        let mut words = Vec::new();
        for (id, mark, _) in days {
            let word = self.book.word('N', mark);
            file.execute("update timesheets set notes = ?1 where id = ?2", (&word, id))?;
            words.push(word);
        }
        Ok((!words.is_empty()).then(|| format!("pc{at}: {}", words.join(" "))))
    }

    pub fn delete_day(&mut self, at: usize) -> Happened {
        let Some((id, mark, _)) = self.any(at, DAYS)? else { return Ok(None) };
        self.deleted(at, [mark.clone()]);
        self.sql(at)?.execute("delete from timesheets where id = ?1", [id])?;
        Ok(Some(format!("pc{at}: {mark} is deleted")))
    }

    pub fn delete_all_days(&mut self, at: usize) -> Happened {
        let file = self.sql(at)?;
        let days = found(&file, DAYS, [])?;
        file.execute("delete from timesheets", [])?;
        let told = format!("pc{at}: {} days are deleted", days.len());
        self.deleted(at, days.into_iter().map(|(_, mark, _)| mark));
        Ok(Some(told))
    }

    /// A vehicle is entered, or written to where the file has one of this plate.
    pub fn save_vehicle(&mut self, at: usize) -> Happened {
        let plate = self.rng.below(PLATES).to_string();
        let region = self.region(at);
        let file = self.sql(at)?;
        let sql = "select id, region || '.' || plate, region from vehicles where plate = ?1";
        let word = if let Some((id, mark, _)) = found(&file, sql, [&plate])?.into_iter().next() {
            let word = self.book.word('V', &mark);
            file.execute("update vehicles set brand = ?1 where id = ?2", (&word, id))?;
            word
        } else {
            let word = self.book.word('V', &format!("{region}.{plate}"));
            let sql = "insert into vehicles (plate, brand, region) values (?1, ?2, ?3)";
            file.execute(sql, (&plate, &word, region))?;
            word
        };
        Ok(Some(format!("pc{at}: {word}")))
    }

    pub fn delete_vehicle(&mut self, at: usize) -> Happened {
        let Some((id, mark, _)) = self.any(at, VEHICLES)? else { return Ok(None) };
        self.deleted(at, [mark.clone()]);
        self.sql(at)?.execute("delete from vehicles where id = ?1", [id])?;
        Ok(Some(format!("pc{at}: {mark} is deleted")))
    }

    pub fn save_shift(&mut self, at: usize) -> Happened {
        let name = self.rng.one_of(&SHIFTS);
        let word = self.book.word('S', name);
        let file = self.sql(at)?;
        if file.execute("update shift_templates set start_time = ?1 where name = ?2", (&word, name))? == 0 {
            let sql = "insert into shift_templates (name, start_time, end_time) values (?1, ?2, '18:00')";
            file.execute(sql, (name, &word))?;
        }
        Ok(Some(format!("pc{at}: {word}")))
    }

    /// The log-ins of a PC, which are its own, though others have some of the same name.
    pub fn save_user(&mut self, at: usize) -> Happened {
        let name = self.rng.one_of(&USERS);
        let hash = format!("hash{}", self.book.number());
        let region = self.region(at);
        self.sql(at)?.execute(
            "insert or replace into users (username, password_hash, role, region) values (?1, ?2, 'user', ?3)",
            (name, &hash, region),
        )?;
        Ok(Some(format!("pc{at}: user {name} has {hash}")))
    }
}
