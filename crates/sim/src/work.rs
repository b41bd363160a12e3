//! What people do with the program: one deed at a file as it is at that moment.
//!
//! Everybody writes words into free columns that say which row it is and on which row it hangs, and a number that was
//! never written before: by these words the checks know what the hub must not have mixed up or lost. Names are made
//! of syllables, so that two people's are not alike, and a corrected name keeps one of its two words; their numbers have
//! two different digits. Edits leave most of a row as it was and no two people share a title: rows that have more in
//! common with others than with themselves are taken for each other by design (crate `merge`, `same`).

use rusqlite::{Connection, params};
use testkit::office::{
    CHECKLIST, Desktop, Driver, Employee, Fault, Inspection, Item, Product, Record, Report, ServiceVisit,
    ShiftTemplate, Timesheet, Vehicle,
};
use testkit::random::Rng;

use crate::{
    book::{Book, Cells},
    plan::Work,
};

/// One person at one PC.
pub struct Person<'a> {
    pub desktop: &'a Desktop,
    /// `*`: may touch everybody's rows.
    pub region: &'a str,
    pub rng: Rng,
    /// Gives numbers that nobody had before.
    pub next: &'a mut u64,
    pub book: Book,
}

type Row = (i64, Cells);

const DEPARTMENTS: [&str; 4] = ["Servis", "Depo", "Montaj", ""];
const TITLES: [&str; 3] = ["Usta", "Teknisyen", "Yardımcı"];
/// Few plates, so that two PCs enter the same vehicle now and then.
const PLATES: u64 = 12;
/// Timesheets of a month: more than go unseen.
const MONTH: usize = 24;
/// Plates that are entered in every region.
pub const COMMON: &str = "99QX";
const SERIALS: u64 = 40;

impl Person<'_> {
    /// Does it, unless there is nothing to do it with.
    pub fn work(&mut self, work: Work) -> anyhow::Result<()> {
        match work {
            Work::AddEmployee => self.employee(None),
            Work::EditEmployee => self.edit("employees", Self::employee),
            Work::DeleteEmployee => self.delete(Record::Employee),
            Work::AddTimesheet => self.timesheet(None),
            Work::EditTimesheet => self.edit("timesheets", Self::timesheet),
            Work::DeleteTimesheet => self.delete(Record::Timesheet),
            Work::AddVehicle => self.vehicle(None),
            Work::EditVehicle => self.edit("vehicles", Self::vehicle),
            Work::DeleteVehicle => self.delete(Record::Vehicle),
            Work::AddDriver => self.driver(None),
            Work::EditDriver => self.edit("drivers", Self::driver),
            Work::DeleteDriver => self.delete(Record::Driver),
            Work::AddFault => self.fault(None),
            Work::EditFault => self.edit("vehicle_faults", Self::fault),
            Work::DeleteFault => self.delete(Record::Fault),
            Work::AddVisit => self.visit(None),
            Work::EditVisit => self.edit("vehicle_service_visits", Self::visit),
            Work::DeleteVisit => self.delete(Record::ServiceVisit),
            Work::Inspect => self.inspect(),
            Work::UploadStock => self.stock(),
            Work::SaveTemplate => self.template(),
            Work::DeleteTemplate => self.delete_template(),
            Work::SaveSetting => {
                let value = self.fresh();
                self.desktop.save_setting("company_name", &value)
            }
            Work::ReplaceEmployee => self.replace_employee(),
            Work::Trespass => self.trespass(),
            Work::FillTimesheets => self.fill_timesheets(),
            Work::ClearTimesheets => self.clear_timesheets(),
            Work::LogReport => {
                let path = self.fresh();
                let form = Report { file_path: &path, employee: "Tum Calisanlar", ..Report::default() };
                self.desktop.log_report(&form).map(drop)
            }
        }
    }

    fn edit(
        &mut self,
        table: &'static str,
        save: fn(&mut Self, Option<&Row>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self.any(table) {
            Some(row) => save(self, Some(&row)),
            None => Ok(()),
        }
    }

    fn delete(&mut self, record: Record) -> anyhow::Result<()> {
        match self.any(record.table()) {
            Some((id, _)) => self.desktop.delete(record, id),
            None => Ok(()),
        }
    }

    fn employee(&mut self, known: Option<&Row>) -> anyhow::Result<()> {
        let department = self.one_of(&DEPARTMENTS);
        let title = [self.one_of(&TITLES), " ", &self.fresh()].concat();
        let (name, number) = match known {
            Some((_, cells)) => (self.corrected(&cell(cells, "full_name")), cell(cells, "identity_no")),
            None => (self.name(), self.tagged("P10")),
        };
        let form = Employee { full_name: &name, identity_no: &number, department, title: &title };
        self.saving(known).save_employee(id(known), &form).map(drop)
    }

    fn timesheet(&mut self, known: Option<&Row>) -> anyhow::Result<()> {
        let date = self.date();
        let note = self.fresh();
        let (employee_id, words) = match known {
            Some((_, cells)) => (number(cells, "employee_id"), words(&cell(cells, "notes"), 2)),
            None => {
                let Some((id, cells)) = self.any("employees") else { return Ok(()) };
                (id, [cell(&cells, "identity_no"), self.tagged("T")].join(" "))
            }
        };
        if let Some((row, cells)) = known.filter(|_| self.rng.percent(20)) {
            return self.move_timesheet(*row, cells);
        }
        let date = known.map_or(date, |(_, cells)| cell(cells, "work_date"));
        let notes = [words, note].join(" ");
        let end = format!("{:02}:{:02}", 15 + self.rng.below(7), self.rng.below(60));
        let form = Timesheet {
            employee_id,
            work_date: &date,
            end_time: &end,
            notes: &notes,
            ..Timesheet::default()
        };
        self.saving(known).save_timesheet(id(known), &form).map(drop)
    }

    /// A day was wrong. Another day is another row, under the same number: so it gets another word. (And a day that nobody
    /// had before: back at the first day it would be the first row.)
    fn move_timesheet(&mut self, id: i64, cells: &Cells) -> anyhow::Result<()> {
        let days = 11 + i64::try_from(self.number())?;
        let date = self.desktop.now.minus(days * 86_400).date();
        let (end, notes) = (cell(cells, "end_time"), cell(cells, "notes"));
        let notes = [words(&notes, 1), self.tagged("T"), self.fresh()].join(" ");
        let form = Timesheet {
            employee_id: number(cells, "employee_id"),
            work_date: &date,
            end_time: &end,
            break_minutes: number(cells, "break_minutes"),
            is_special: number(cells, "is_special") != 0,
            notes: &notes,
            ..Timesheet::default()
        };
        self.saving(Some(&(id, cells.clone()))).save_timesheet(Some(id), &form).map(drop)
    }

    fn vehicle(&mut self, known: Option<&Row>) -> anyhow::Result<()> {
        let (note, date, km) = (self.fresh(), self.date(), self.km());
        let plate = match known {
            Some((_, cells)) => cell(cells, "plate"),
            None => {
                let plate = self.plate();
                if self.has("vehicles", "plate", &plate) {
                    return Ok(());
                }
                plate
            }
        };
        let form = Vehicle {
            plate: &plate,
            brand: "Örnek",
            km,
            notes: &note,
            inspection_date: &date,
            ..Vehicle::default()
        };
        self.saving(known).save_vehicle(id(known), &form).map(drop)
    }

    fn driver(&mut self, known: Option<&Row>) -> anyhow::Result<()> {
        let note = self.fresh();
        let (name, phone) = match known {
            Some((_, cells)) => (self.corrected(&cell(cells, "full_name")), cell(cells, "phone")),
            None => (self.name(), self.tagged("D10")),
        };
        let form =
            Driver { full_name: &name, phone: &phone, license_class: "B", notes: &note, ..Driver::default() };
        self.saving(known).save_driver(id(known), &form).map(drop)
    }

    fn fault(&mut self, known: Option<&Row>) -> anyhow::Result<()> {
        let (note, date) = (self.fresh(), self.date());
        let (vehicle_id, words, title) = match known {
            Some((_, cells)) => {
                (number(cells, "vehicle_id"), words(&cell(cells, "description"), 2), cell(cells, "title"))
            }
            None => {
                let Some((id, cells)) = self.any("vehicles") else { return Ok(()) };
                (id, [cell(&cells, "plate"), self.tagged("F")].join(" "), self.name())
            }
        };
        let description = [words, note].join(" ");
        let status = self.one_of(&["Acik", "Kapandi", "Takip"]);
        let form = Fault {
            vehicle_id,
            title: &title,
            description: &description,
            opened_date: &date,
            status,
            ..Fault::default()
        };
        self.saving(known).save_fault(id(known), &form).map(drop)
    }

    fn visit(&mut self, known: Option<&Row>) -> anyhow::Result<()> {
        let (note, date) = (self.fresh(), self.date());
        let (vehicle_id, words, date, fault_id) = match known {
            Some((_, cells)) => {
                let fault_id = cells.get("fault_id").and_then(|id| id.parse().ok());
                let words = words(&cell(cells, "notes"), 3);
                (number(cells, "vehicle_id"), words, cell(cells, "start_date"), fault_id)
            }
            None => {
                let Some((id, cells)) = self.any("vehicles") else { return Ok(()) };
                let fault = self.fault_of(id);
                let fault_word = word_of(fault.as_ref(), "description", 1);
                let words = [cell(&cells, "plate"), self.tagged("S"), fault_word].join(" ");
                (id, words, date, fault.map(|(id, _)| id))
            }
        };
        let notes = [words, note].join(" ");
        let cost = f64::from(u32::try_from(self.rng.below(100_000))?) / 100.0;
        let form = ServiceVisit {
            vehicle_id,
            fault_id,
            start_date: &date,
            cost,
            notes: &notes,
            ..ServiceVisit::default()
        };
        self.saving(known).save_service_visit(id(known), &form).map(drop)
    }

    fn inspect(&mut self) -> anyhow::Result<()> {
        let Some((vehicle_id, vehicle)) = self.any("vehicles") else { return Ok(()) };
        let (date, km, number) = (self.date(), self.km(), self.tagged("I"));
        let driver = self.any("drivers");
        let fault = self.fault_of(vehicle_id);
        let notes = [
            cell(&vehicle, "plate"),
            number.clone(),
            word_of(driver.as_ref(), "phone", 0),
            word_of(fault.as_ref(), "description", 1),
        ]
        .join(" ");
        let results: Vec<String> =
            (0..CHECKLIST.len()).map(|at| format!("{number} R{number}.{at}")).collect();
        let mut form = Inspection {
            vehicle_id,
            driver_id: driver.map(|(id, _)| id),
            inspection_date: &date,
            km,
            notes: &notes,
            fault_id: fault.map(|(id, _)| id),
            ..Inspection::default()
        };
        for (item, note) in form.results.iter_mut().zip(&results) {
            *item = Item { note, ..Item::default() };
        }
        self.saving(Some(&(vehicle_id, vehicle))).add_inspection(&form).map(drop)
    }

    fn stock(&mut self) -> anyhow::Result<()> {
        let region = if self.region == "*" { &self.desktop.region } else { self.region };
        let count = 2 + self.rng.below(5);
        let serials: Vec<String> =
            (0..count).map(|_| format!("{}-{:03}", &region[..2], self.rng.below(SERIALS))).collect();
        let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
        let product = Product { code: "900", name: "Su Arıtma Cihazı", serials: &serials };
        self.desktop.upload_stock(region, &[product]).map(drop)
    }

    /// Only of people without timesheets: these would go on under the other's name in the file itself.
    fn replace_employee(&mut self) -> anyhow::Result<()> {
        let Some((id, cells)) = self.any("employees") else { return Ok(()) };
        let number = id.to_string();
        if self.book.tables["timesheets"].values().any(|sheet| sheet.get("employee_id") == Some(&number)) {
            return Ok(());
        }
        let title = [self.one_of(&TITLES), " ", &self.fresh()].concat();
        let (name, number) = (self.name(), self.tagged("P10"));
        let conn = Connection::open(self.desktop.path())?;
        let parameters = params![id, name, number, "Depo", title, cell(&cells, "region")];
        conn.execute(include_str!("sql/replace_employee.sql"), parameters)?;
        Ok(())
    }

    /// Edits a row that is only here because others need it; else gives an employee to another region.
    fn trespass(&mut self) -> anyhow::Result<()> {
        if self.region == "*" {
            return Ok(());
        }
        let own = std::mem::replace(&mut self.region, "*");
        let foreign = |row: &Row| cell(&row.1, "region") != own;
        let vehicle = self.any("vehicles").filter(foreign);
        let employee = self.any("employees").filter(|row| !foreign(row));
        match (vehicle, employee) {
            (Some(vehicle), _) => self.vehicle(Some(&vehicle)),
            (None, Some((id, mut cells))) => {
                let elsewhere = if own == "Izmir" { "Bursa" } else { "Izmir" };
                cells.insert("region".to_owned(), elsewhere.to_owned());
                self.employee(Some(&(id, cells)))
            }
            (None, None) => Ok(()),
        }
    }

    fn fill_timesheets(&mut self) -> anyhow::Result<()> {
        if self.any("employees").is_none() {
            self.employee(None)?;
            self.book = Book::read(self.desktop.path())?;
        }
        (0..MONTH).try_for_each(|_| self.timesheet(None))
    }

    fn clear_timesheets(&mut self) -> anyhow::Result<()> {
        let ids: Vec<i64> = self.book.tables["timesheets"].keys().filter_map(|id| id.parse().ok()).collect();
        ids.into_iter().try_for_each(|id| self.desktop.delete(Record::Timesheet, id))
    }

    fn template(&mut self) -> anyhow::Result<()> {
        let name = self.one_of(&["Hafta Ici 09-18", "Gece", "Bayram"]);
        let start = format!("{:02}:{:02}", self.rng.below(24), self.rng.below(60));
        let form = ShiftTemplate { name, start_time: &start, end_time: "18:00", break_minutes: 60 };
        self.desktop.save_shift_template(&form).map(drop)
    }

    fn delete_template(&mut self) -> anyhow::Result<()> {
        match self.any("shift_templates") {
            Some((id, _)) => self.desktop.delete_shift_template(id),
            None => Ok(()),
        }
    }

    /// The program as it saves a row: headquarters leaves a row in its region.
    fn saving(&self, known: Option<&Row>) -> Desktop {
        let mut desktop = self.desktop.clone();
        if let (Some((_, cells)), "*") = (known, self.region)
            && let Some(region) = cells.get("region")
        {
            desktop.region.clone_from(region);
        }
        desktop
    }

    /// A row that this person may touch.
    fn any(&mut self, table: &'static str) -> Option<Row> {
        let own = |cells: &Cells| {
            self.region == "*"
                || table == "shift_templates"
                || self.book.region(table, cells).as_deref() == Some(self.region)
        };
        let rows: Vec<Row> = self.book.tables[table]
            .iter()
            .filter(|(_, cells)| own(cells))
            .filter_map(|(id, cells)| Some((id.parse().ok()?, cells.clone())))
            .collect();
        self.rng.pick(&rows).cloned()
    }

    fn fault_of(&mut self, vehicle: i64) -> Option<Row> {
        let vehicle = vehicle.to_string();
        self.any("vehicle_faults").filter(|(_, cells)| cells.get("vehicle_id") == Some(&vehicle))
    }

    fn has(&self, table: &str, column: &str, value: &str) -> bool {
        self.book.tables[table].values().any(|cells| cells.get(column).is_some_and(|cell| cell == value))
    }

    fn number(&mut self) -> u64 {
        *self.next += 1;
        *self.next
    }

    /// A word that nobody wrote before.
    fn fresh(&mut self) -> String {
        self.tagged("w")
    }

    fn tagged(&mut self, letter: &str) -> String {
        format!("{letter}{}", self.number())
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        self.rng.pick(choices).copied().unwrap_or_default()
    }

    fn date(&mut self) -> String {
        self.desktop.now.minus(self.rng.between(0, 10) * 86_400).date()
    }

    fn km(&mut self) -> i64 {
        self.rng.between(10_000, 210_000)
    }

    fn plate(&mut self) -> String {
        let region = if self.region == "*" { self.desktop.region.as_str() } else { self.region };
        if self.rng.percent(25) {
            return format!("{COMMON}{:03}", self.rng.below(PLATES / 4));
        }
        format!("{}QX{:03}", region[..2].to_uppercase(), self.rng.below(PLATES))
    }

    fn name(&mut self) -> String {
        [self.syllables(), self.syllables()].join(" ")
    }

    fn syllables(&mut self) -> String {
        let mut name = String::new();
        for _ in 0..4 {
            name.push(char::from(b"bcdfghjklmnprstvyz"[self.rng.place(18)]));
            name.push(char::from(b"aeiou"[self.rng.place(5)]));
        }
        name[..1].make_ascii_uppercase();
        name
    }

    /// Now and then with another family name.
    fn corrected(&mut self, name: &str) -> String {
        if self.rng.percent(60) {
            return name.to_owned();
        }
        let first = name.split_whitespace().next().unwrap_or_default().to_owned();
        [first, self.syllables()].join(" ")
    }
}

fn id(known: Option<&Row>) -> Option<i64> {
    known.map(|(id, _)| *id)
}

fn cell(cells: &Cells, column: &str) -> String {
    cells.get(column).cloned().unwrap_or_default()
}

fn number(cells: &Cells, column: &str) -> i64 {
    cells.get(column).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The first words of a text.
fn words(text: &str, count: usize) -> String {
    text.split_whitespace().take(count).collect::<Vec<_>>().join(" ")
}

/// `-`: there is no row.
fn word_of(row: Option<&Row>, column: &str, at: usize) -> String {
    let word = row.and_then(|(_, cells)| cells.get(column)?.split_whitespace().nth(at));
    word.unwrap_or("-").to_owned()
}
