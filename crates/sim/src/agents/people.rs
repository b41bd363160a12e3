//! What people do in their programs.

use super::town::Town;

impl Town {
    pub fn word(&mut self, kind: &str, person: &str) -> String {
        self.typed += 1;
        format!("{kind}{}-{person}", self.typed)
    }

    pub fn add_person(&mut self, at: usize) -> anyhow::Result<String> {
        let person = format!("P{}", self.typed);
        self.typed += 1;
        let region = self.offices[at].region;
        self.sql(at)?
            .execute("insert into employees (full_name, region) values (?1, ?2)", (&person, region))?;
        Ok(format!("pc{at}: {person} is entered"))
    }

    pub fn add_day(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let Some((id, person)) = self.any(at, "employees")? else { return Ok(None) };
        let word = self.word("N", &person);
        let date = format!("2026-{:02}-{:02}", self.typed / 28 % 12 + 1, self.typed % 28 + 1);
        let region = self.offices[at].region;
        self.sql(at)?.execute(
            "insert into timesheets (employee_id, work_date, start_time, end_time, notes, region) values (?1, ?2, '09:00', '18:00', ?3, ?4)",
            (id, date, &word, region),
        )?;
        Ok(Some(format!("pc{at}: {word} is entered")))
    }

    /// A row of a table with the person that it is about.
    fn any(&mut self, at: usize, table: &str) -> anyhow::Result<Option<(i64, String)>> {
        let sql = match table {
            "employees" => "select id, full_name from employees order by id",
            _ => {
                "select t.id, e.full_name from timesheets t join employees e on e.id = t.employee_id order by t.id"
            }
        };
        let connection = self.sql(at)?;
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(self.rng.pick(&rows).cloned())
    }

    /// The title of a person, or the notes of a day.
    pub fn edit(&mut self, at: usize, table: &str) -> anyhow::Result<Option<String>> {
        let Some((id, person)) = self.any(at, table)? else { return Ok(None) };
        let word = self.word(if table == "employees" { "T" } else { "N" }, &person);
        let sql = match table {
            "employees" => "update employees set title = ?1 where id = ?2",
            _ => "update timesheets set notes = ?1 where id = ?2",
        };
        self.sql(at)?.execute(sql, (&word, id))?;
        Ok(Some(format!("pc{at}: {table} {id} is now {word}")))
    }

    pub fn delete(&mut self, at: usize, table: &str) -> anyhow::Result<Option<String>> {
        let Some((id, person)) = self.any(at, table)? else { return Ok(None) };
        let connection = self.sql(at)?;
        if table == "employees" {
            self.deleted.insert(person.clone());
        }
        self.deleted.insert(format!("{table} of {person}"));
        let sql = match table {
            "employees" => "delete from employees where id = ?1",
            _ => "delete from timesheets where id = ?1",
        };
        connection.execute(sql, [id])?;
        Ok(Some(format!("pc{at}: {table} {id} of {person} is deleted")))
    }

    /// INSERT OR REPLACE of a new person under the number of another.
    pub fn replace_person(&mut self, at: usize) -> anyhow::Result<Option<String>> {
        let Some((id, before)) = self.any(at, "employees")? else { return Ok(None) };
        let person = format!("P{}", self.typed);
        self.typed += 1;
        self.deleted.insert(before.clone());
        self.deleted.insert(format!("timesheets of {before}"));
        let region = self.offices[at].region;
        self.sql(at)?.execute(
            "insert or replace into employees (id, full_name, region) values (?1, ?2, ?3)",
            (id, &person, region),
        )?;
        Ok(Some(format!("pc{at}: {person} replaces {before} under {id}")))
    }
}
