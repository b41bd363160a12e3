//! Everything an office has, before a shape's scripts copy from it what the shape can hold.

use rusqlite::{Connection, Statement, params};

use super::{DAY, Moment, Office, accounts, words};
use crate::random::Rng;

const TABLES: &str = include_str!("sql/stage.sql");

/// Fills the attached database `staged`.
pub(super) fn stage(conn: &Connection, office: &Office<'_>) -> anyhow::Result<()> {
    conn.execute_batch(TABLES)?;
    let stage = Stage { conn, office: *office };
    stage.facts()?;
    stage.people()?;
    stage.reports()?;
    stage.vehicles()?;
    stage.checks()?;
    stage.visits()?;
    stage.stock()?;
    stage.tombstones()
}

struct Stage<'a> {
    conn: &'a Connection,
    office: Office<'a>,
}

impl Stage<'_> {
    /// Writes rows `0..rows` of a staged table; `write` binds all its columns.
    fn fill(
        &self,
        table: &str,
        rows: u64,
        write: impl Fn(&mut Statement<'_>, u64) -> rusqlite::Result<usize>,
    ) -> anyhow::Result<()> {
        let marks = "select group_concat('?', ', ') from pragma_table_info(?1, 'staged')";
        let marks: String = self.conn.query_row(marks, [table], |row| row.get(0))?;
        let mut insert = self.conn.prepare(&format!("insert into staged.{table} values ({marks})"))?;
        for row in 0..rows {
            write(&mut insert, row)?;
        }
        Ok(())
    }

    /// The stream of one row.
    fn rng(&self, purpose: &str, row: u64) -> Rng {
        Rng::of(self.office.seed, purpose, row)
    }

    /// The date `days` before the file's last day.
    fn date(&self, days: u64) -> String {
        words::date_before(self.office.size.now, days)
    }

    /// The id of a row, where `gone` rows of an old file's table were there before.
    fn id(&self, row: u64, gone: u64) -> i64 {
        (row + 1 + if self.office.shape.is_fresh() { 0 } else { gone }) as i64
    }

    /// Old files: 1 to 5, then from 28.
    fn employee_id(&self, row: u64) -> i64 {
        self.id(row, if row < 5 { 0 } else { 22 })
    }

    /// Old files: from 10, with a gap after every three or four, so that the seventy-sixth is 105.
    fn timesheet_id(&self, row: u64) -> i64 {
        self.id(row, 9 + row * 4 / 15)
    }

    fn facts(&self) -> anyhow::Result<()> {
        let starts = 204 + self.rng("starts", 0).below(147);
        self.fill("facts", 1, |insert, _| {
            insert.execute(params![self.office.region, 5 + 5 * starts as i64])
        })?;
        self.fill("users", accounts::ACCOUNTS.len() as u64, |insert, row| {
            let account = accounts::ACCOUNTS[row as usize];
            insert.execute(params![
                account.username,
                account.role,
                account.region,
                account.password,
                accounts::prefixed(account.password),
                accounts::unsalted(account.password),
                account.bcrypt,
            ])
        })
    }

    fn people(&self) -> anyhow::Result<()> {
        let Office { size, region, seed, .. } = self.office;
        self.fill("employees", size.employees, |insert, row| {
            let mut rng = self.rng("employee", row);
            insert.execute(params![
                self.employee_id(row),
                words::name(seed, row),
                format!("{:02}", row % 100),
                rng.one_of(&words::DEPARTMENTS),
                rng.one_of(&words::TITLES),
                region,
            ])
        })?;
        let day = |row: u64| row / size.timesheets_a_day;
        self.fill("timesheets", size.timesheets, |insert, row| {
            let mut rng = self.rng("timesheet", row);
            let (start, end) = words::shift(&mut rng);
            insert.execute(params![
                self.timesheet_id(row),
                self.employee_id(row % size.working()),
                self.date(day(size.timesheets - 1) - day(row)),
                start,
                end,
                if rng.below(76) < 13 { 0 } else { 60 },
                rng.below(76) == 0,
                words::note(&mut rng),
                region,
            ])
        })
    }

    fn reports(&self) -> anyhow::Result<()> {
        let Office { size, seed, .. } = self.office;
        self.fill("reports", size.reports, |insert, row| {
            let made = format!("{} 17:{:02}", self.date(row), 10 + row % 50);
            let id = self.id(row, 0);
            if row % 2 == 0 {
                let path = r"C:\Users\Ofis\Belgeler\puantaj_raporu_tum_calisanlar_tum_tum.xlsx";
                return insert.execute(params![id, path, made, "Tum Calisanlar", None::<&str>, None::<&str>]);
            }
            let (start, end) = (self.date(row + 7), self.date(row));
            let path = format!(r"C:\Users\Ofis\Masaüstü\puantaj_raporu_calisan_{start}_{end}.xlsx");
            let employee = words::name(seed, row % size.working());
            insert.execute(params![id, path, made, employee, start, end])
        })
    }

    fn vehicles(&self) -> anyhow::Result<()> {
        let Office { size, region, seed, .. } = self.office;
        self.fill("vehicles", size.vehicles, |insert, row| {
            let mut rng = self.rng("vehicle", row);
            let km = 20_000 + rng.between(0, 180_000);
            let is_known = row % 6 != 5;
            insert.execute(params![
                self.id(row, 6),
                words::plate(seed, region, row),
                "Örnek",
                rng.one_of(&["Panelvan", "Kamyonet", "Binek"]),
                (2012 + rng.below(13)).to_string(),
                is_known.then_some(km),
                self.date(rng.below(300)),
                self.date(rng.below(300)),
                if is_known { self.date(rng.below(300)) } else { String::new() },
                if is_known { self.date(rng.below(200)) } else { String::new() },
                if is_known { km - rng.between(0, 13_000) } else { 0 },
                if is_known { 14_000 } else { 0 },
                words::note(&mut rng),
                region,
            ])
        })?;
        self.fill("drivers", size.drivers, |insert, row| {
            let mut rng = self.rng("driver", row);
            let expiry = self.office.size.now.plus(rng.between(-20, 900) * DAY).date();
            insert.execute(params![
                self.id(row, 1),
                words::name(seed, row),
                rng.one_of(&["B", "C", "CE", ""]),
                if row % 5 == 4 { String::new() } else { expiry },
                words::phone(row),
                words::note(&mut rng),
                region,
            ])
        })
    }

    /// The row of the vehicle that child `row` belongs to.
    fn vehicle_id(&self, row: u64) -> i64 {
        self.id(row % self.office.size.vehicles.max(1), 6)
    }

    fn checks(&self) -> anyhow::Result<()> {
        let Office { size, region, .. } = self.office;
        self.fill("faults", size.faults, |insert, row| {
            let mut rng = self.rng("fault", row);
            let status = rng.one_of(&["Acik", "Acik", "Kapandi", "Takip"]);
            let opened = 10 + rng.below(200);
            let is_dated = status == "Kapandi" && rng.percent(60);
            insert.execute(params![
                self.id(row, 2),
                self.vehicle_id(row),
                rng.one_of(&words::FAULTS),
                words::note(&mut rng),
                self.date(opened),
                if is_dated { self.date(opened - 5) } else { String::new() },
                status,
                region,
            ])
        })?;
        let weeks = size.inspections.div_ceil(size.vehicles.max(1));
        self.fill("inspections", size.inspections, |insert, row| {
            let mut rng = self.rng("inspection", row);
            let age = 7 * (weeks - 1 - row / size.vehicles.max(1)) + rng.below(7);
            let driver = (size.drivers > 0 && row % 5 != 4).then(|| self.id(row % size.drivers, 1));
            let fault = (row < size.faults && row % 4 == 0).then(|| self.id(row, 2));
            insert.execute(params![
                self.id(row, 8),
                self.vehicle_id(row),
                driver,
                self.date(age),
                monday(size.now.minus(age as i64 * DAY)),
                20_000 + 150 * row as i64,
                words::note(&mut rng),
                fault,
                fault.map(|_| "Acik"),
                i64::from(fault.is_some() && row % 8 == 0),
                region,
            ])
        })?;
        self.fill("results", size.inspections * 9, |insert, row| {
            let mut rng = self.rng("result", row);
            let (status, note) = match rng.below(20) {
                0 => ("Olumsuz", "Çizik var"),
                1 => ("Bilinmiyor", ""),
                _ => ("Olumlu", ""),
            };
            let item = super::CHECKLIST[(row % 9) as usize];
            insert.execute(params![self.id(row, 70), self.id(row / 9, 8), item, status, note])
        })
    }

    fn visits(&self) -> anyhow::Result<()> {
        let Office { size, region, .. } = self.office;
        self.fill("visits", size.service_visits, |insert, row| {
            let mut rng = self.rng("visit", row);
            let start = 5 + rng.below(200);
            let end = match row % 4 {
                0 => None,
                1 => Some(String::new()),
                _ => Some(self.date(start - rng.below(5))),
            };
            insert.execute(params![
                self.id(row, 2),
                self.vehicle_id(row),
                (row < size.faults && row % 2 == 0).then(|| self.id(row, 2)),
                self.date(start),
                end,
                rng.one_of(&["Bakım", "Kaporta", "Lastik", ""]),
                rng.between(0, 900_000) as f64 / 100.0,
                words::note(&mut rng),
                region,
            ])
        })
    }

    /// As after some twenty-five uploads of the same goods; one row was touched later, by a clock three hours ahead.
    fn stock(&self) -> anyhow::Result<()> {
        let Office { size, region, seed, .. } = self.office;
        let uploaded = size.now.minus(2 * DAY);
        let utc = uploaded.minus(3 * 60 * 60).to_string();
        self.fill("stock", size.stock, |insert, row| {
            let product = row / 6;
            insert.execute(params![
                self.id(row, 24 * size.stock),
                words::stock_code(product),
                words::stock_name(product),
                words::serial(seed, product, row),
                "OK",
                uploaded.date(),
                "system",
                region,
                1,
                utc,
                if row == 0 { uploaded.to_string() } else { utc.clone() },
            ])
        })
    }

    /// The timesheets after the last one were deleted again.
    fn tombstones(&self) -> anyhow::Result<()> {
        let Office { size, .. } = self.office;
        let last = size.timesheets.checked_sub(1).map_or(0, |row| self.timesheet_id(row));
        self.fill("tombstones", size.tombstones, |insert, row| {
            let deleted =
                format!("{}T16:{:02}:07.{:06}", self.date(1), row % 60, 104_729 * (row + 1) % 1_000_000);
            insert.execute(params![self.id(row, 0), "timesheets", last + self.id(row, 0), deleted])
        })
    }
}

/// The Monday of a moment's week.
fn monday(moment: Moment) -> String {
    let weekday = (moment.0.div_euclid(DAY) + 3).rem_euclid(7);
    moment.minus(weekday * DAY).date()
}
